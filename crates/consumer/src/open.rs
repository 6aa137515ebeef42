//! Step 4: send one command, or its rehearsal, or say why none was sent.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use rules::{FailedReason, Opening};
use salto::{Activation, ActivationState, Cause};

use crate::{
    claim::Held,
    decide::Act,
    directory::Integration,
    failpoint,
    failure::Setback,
    guard::{Subject, Verdict},
    ledger::{Announced, Claimed},
    line::{LetGo, Line},
    metrics,
    pursuit::{Pursuit, Until},
    watch,
    worker::Worker,
};

/// How long a request stays away while its token or the list of locks is on its way: the longer it
/// has waited, the longer.
const PREPARING: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(2));

/// What came of trying to open.
#[derive(Debug)]
pub(crate) enum Opened {
    /// Salto accepted the command.
    Yes { iq_id: String, opened_at: DateTime<Utc> },
    /// All was there that a command needs, and the rehearsal ends here.
    AsIf { iq_id: String },
    /// Nothing was sent yet: what was missing is at hand now, and the next claim announces it.
    Prepared,
    /// Nothing was sent: others crowd the IQ, or what is needed is still on its way. Try again after
    /// this.
    Later(Duration, Until),
    /// It did not open, as far as anybody knows.
    No { setback: Setback, iq_id: Option<String> },
    /// The worker stops: nothing was sent.
    LetGo,
}

/// Opens the door, at most once, where the claim counts a command as written.
pub(crate) async fn open(
    (worker, line): (&Arc<Worker>, &Line),
    integration: &Arc<Integration>,
    pursuit: &Pursuit,
    held: &Held,
    (opening, act): (&Opening, Act),
) -> Opened {
    let claimed = &held.claimed;
    if !claimed.pause.is_zero() {
        return Opened::No { setback: Setback::paused(claimed.pause), iq_id: None };
    }
    renew_aside(worker, integration);
    let prepared = match (&held.prepared, integration.site.ready(opening.lock_id)) {
        (Some(claimed_for), Some(ready)) if claimed_for.iq_id == ready.iq_id => ready,
        // The next claim is for this IQ.
        (Some(_) | None, Some(_)) => return Opened::Prepared,
        (Some(_) | None, None) => {
            return prepare(line, integration, (pursuit, claimed.waited()), opening).await;
        }
    };
    let iq_id = prepared.iq_id.clone();
    if !claimed.blocked.is_zero() {
        return Opened::No { setback: Setback::left_alone(claimed.blocked), iq_id: Some(iq_id) };
    }
    let (activation, sealed) = match activation(worker, integration, claimed, &iq_id) {
        Ok(activation) => activation,
        Err(setback) => return Opened::No { setback, iq_id: Some(iq_id) },
    };
    let Some(key) = activation.otp_key(integration.site.otp_scheme()) else {
        return Opened::No { setback: unusable(activation.state), iq_id: Some(iq_id) };
    };
    let probe = match act {
        Act::Open => false,
        Act::Probe => true,
        Act::Nothing => return Opened::AsIf { iq_id },
    };
    if claimed.announced != Announced::Yes {
        return match held.crowded(worker, pursuit) {
            Some(wait) => Opened::Later(wait, Until::Turn),
            None => Opened::Prepared,
        };
    }
    if line.is_halted() {
        return Opened::LetGo;
    }
    failpoint::reach("before-command");
    let leave_before = leave_before(worker, pursuit, claimed, opening);
    let timeout = worker.opening.command_timeout;
    let (site, sent_at) = (&integration.site, Instant::now());
    let answer = if probe {
        site.rehearse(&prepared, &key, leave_before, timeout).await
    } else {
        site.open(&prepared, &key, leave_before, timeout).await
    };
    metrics::command(sent_at.elapsed(), answer.as_ref().err());
    failpoint::reach("after-command");

    let subject = Subject {
        integration_id: &integration.rules.id,
        iq_id: &iq_id,
        sealed,
        traceparent: pursuit.request.traceparent.as_deref(),
        rehearsal: claimed.rehearsal,
    };
    match answer {
        Ok(()) => {
            if claimed.rejected_otps > 0 || activation.state == ActivationState::Degraded {
                worker.judge(subject, Verdict::Accepted).await;
            }
            Opened::Yes { iq_id, opened_at: Utc::now() }
        }
        Err(error) => {
            // Before anything else: other workers must know it before they send the next one.
            if error.cause == Cause::OtpBlocked {
                worker.judge(subject, Verdict::Blocked).await;
            } else if error.cause == Cause::OtpInvalid {
                worker.judge(subject, Verdict::Invalid).await;
                watch::look_aside(worker, integration);
            }
            if error.written {
                worker.note_trouble((&integration.rules.id, &iq_id), &error);
            }
            Opened::No { setback: error.into(), iq_id: Some(iq_id) }
        }
    }
}

/// Renews what is about to grow old, beside the command. It is asked for here, and nowhere else,
/// as here it is known that Salto wants no pause; and a pause that it asks for now holds for all.
fn renew_aside(worker: &Arc<Worker>, integration: &Arc<Integration>) {
    let Some(renewal) = integration.site.renewal() else { return };
    let (worker, integration) = (Arc::clone(worker), Arc::clone(integration));
    tokio::spawn(async move {
        let Err(error) = renewal.await else { return };
        let integration_id = integration.rules.id.as_str();
        tracing::warn!(integration_id, %error, "token or locks could not be renewed yet");
        worker.share_pause(integration_id, error).await;
    });
}

/// The instant from which on the command must not leave: the request or the window is over,
/// somebody else may act on the request, or a command in doubt may not be repeated any more. A
/// process may stand still between its claim and its command for as long as it pleases.
fn leave_before(
    worker: &Worker,
    pursuit: &Pursuit,
    claimed: &Claimed,
    opening: &Opening,
) -> DateTime<Utc> {
    let mut until = worker.ledger.holds_until(claimed);
    if claimed.doubt.commands > 0 {
        let left = worker.resend.window.saturating_sub(claimed.doubt.since_first);
        until = until.min(claimed.asked_at + left);
    }
    // In this order, standing still in between makes it earlier.
    let now = Utc::now();
    let until = now + until.saturating_duration_since(Instant::now());
    until.min(opening.window.closes_at).min(pursuit.expires_at)
}

/// Gets what a command needs, for as long as that may hold a place. What is under way serves whoever
/// asks next, even if this request is let go or waits elsewhere.
async fn prepare(
    line: &Line,
    integration: &Integration,
    (pursuit, waited): (&Pursuit, Duration),
    opening: &Opening,
) -> Opened {
    let (remaining, patience) = (pursuit.remaining(), pursuit.patience(line));
    tokio::select! {
        prepared = integration.site.prepare(opening.lock_id) => match prepared {
            Ok(_) => Opened::Prepared,
            Err(error) => Opened::No { setback: error.into(), iq_id: None },
        },
        over = line.wait(remaining.min(patience)) => match over {
            Ok(()) if remaining <= patience => {
                Opened::No { setback: Setback::late(), iq_id: None }
            }
            Ok(()) => Opened::Later(waited.clamp(PREPARING.0, PREPARING.1), Until::Prepared),
            Err(LetGo) => Opened::LetGo,
        },
    }
}

/// The IQ's activation as the claim loaded it, opened and sealed.
fn activation<'a>(
    worker: &Worker,
    integration: &Integration,
    claimed: &'a Claimed,
    iq_id: &str,
) -> Result<(Activation, &'a [u8]), Setback> {
    let sealed =
        claimed.activation.as_deref().ok_or_else(|| unusable(ActivationState::NotActivated))?;
    let place = salto::activation::activations_key(&worker.key_prefix, &integration.rules.id);
    let activation =
        Activation::unseal(&worker.sealer, &place, iq_id, sealed).map_err(|error| {
            tracing::error!(%error, iq_id, integration_id = integration.rules.id, "a stored activation cannot be read");
            let detail = "the stored activation of the IQ cannot be decrypted";
            Setback::refused(FailedReason::IqNotActivated, detail)
        })?;
    Ok((activation, sealed))
}

/// An activation in this state signs no commands.
fn unusable(state: ActivationState) -> Setback {
    match state {
        ActivationState::ReactivationRequired => Setback::refused(
            FailedReason::IqReactivationRequired,
            "the IQ's secret and PIN no longer count: it must be activated anew",
        ),
        ActivationState::NotActivated
        | ActivationState::PendingPin
        | ActivationState::Activated
        | ActivationState::Degraded => Setback::refused(
            FailedReason::IqNotActivated,
            "the IQ is not activated: run `postern iq activate`",
        ),
    }
}
