//! Step 4: send one command, or say why none was sent.

use std::{sync::Arc, time::Instant};

use chrono::{DateTime, Utc};
use rules::{Doubt, FailedReason, Opening};
use salto::{Activation, ActivationState, OtpKey};

use crate::{
    directory::Integration,
    failpoint,
    failure::Setback,
    ledger::Claimed,
    line::{LetGo, Line},
    metrics,
    pursuit::Pursuit,
    worker::Worker,
};

/// What came of trying to open.
#[derive(Debug)]
pub(crate) enum Opened {
    /// Salto accepted the command.
    Yes { iq_id: String, opened_at: DateTime<Utc> },
    /// Nothing was sent yet: what was missing is at hand now, and the next claim announces it.
    Prepared,
    /// It did not open, as far as anybody knows.
    No { setback: Setback, iq_id: Option<String> },
    /// The worker stops: nothing was sent.
    LetGo,
}

/// Opens the door, at most once. `announced`: whether the claim counts a command as written.
pub(crate) async fn open(
    (worker, line): (&Arc<Worker>, &Line),
    integration: &Arc<Integration>,
    pursuit: &Pursuit,
    (claimed, announced): (&Claimed, bool),
    opening: &Opening,
) -> Opened {
    if !claimed.pause.is_zero() {
        return Opened::No { setback: Setback::paused(claimed.pause), iq_id: None };
    }
    renew_aside(worker, integration);
    let prepared = match integration.site.ready(opening.lock_id) {
        Some(prepared) if announced => prepared,
        Some(_) => return Opened::Prepared,
        None => return prepare(line, integration, pursuit, opening).await,
    };
    let iq_id = prepared.iq_id.clone();
    let key = match otp_key(worker, integration, claimed, &iq_id) {
        Ok(key) => key,
        Err(setback) => return Opened::No { setback, iq_id: Some(iq_id) },
    };
    if line.is_halted() {
        return Opened::LetGo;
    }
    failpoint::reach("before-command");
    let leave_before = leave_before(worker, pursuit, claimed);
    let timeout = worker.opening.command_timeout;
    let sent_at = Instant::now();
    let answer = integration.site.open(&prepared, &key, leave_before, timeout).await;
    metrics::command(sent_at.elapsed(), answer.as_ref().err());
    failpoint::reach("after-command");
    match answer {
        Ok(()) => Opened::Yes { iq_id, opened_at: Utc::now() },
        Err(error) => Opened::No { setback: error.into(), iq_id: Some(iq_id) },
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
        if let Some(pause) = Setback::from(error).pause
            && let Err(error) = worker.ledger.pause(integration_id, pause).await
        {
            tracing::warn!(integration_id, %error, "Salto's pause could not be shared");
        }
    });
}

/// The instant from which on the command must not leave: the request and the booking are over,
/// somebody else may act on the request, or a command in doubt may not be repeated any more. A
/// process may stand still between its claim and its command for as long as it pleases.
fn leave_before(worker: &Worker, pursuit: &Pursuit, claimed: &Claimed) -> DateTime<Utc> {
    let mut until = worker.ledger.holds_until(claimed);
    if claimed.doubt.commands > 0 {
        let left = worker.resend.window.saturating_sub(claimed.doubt.since_first);
        until = until.min(claimed.asked_at + left);
    }
    // In this order, standing still in between makes it earlier.
    let now = Utc::now();
    let until = now + until.saturating_duration_since(Instant::now());
    let ends_at = claimed.booking.as_ref().map_or(until, |booking| booking.ends_at);
    until.min(ends_at).min(pursuit.expires_at)
}

/// Gets what a command needs, as long as the request lasts and the worker goes on. What is under
/// way serves the next request, even if this one is let go.
async fn prepare(
    line: &Line,
    integration: &Integration,
    pursuit: &Pursuit,
    opening: &Opening,
) -> Opened {
    tokio::select! {
        prepared = integration.site.prepare(opening.lock_id) => match prepared {
            Ok(_) => Opened::Prepared,
            Err(error) => Opened::No { setback: error.into(), iq_id: None },
        },
        over = line.wait(pursuit.remaining()) => match over {
            Ok(()) => Opened::No { setback: Setback::late(), iq_id: None },
            Err(LetGo) => Opened::LetGo,
        },
    }
}

/// The secret and PIN that sign commands to this IQ.
fn otp_key(
    worker: &Worker,
    integration: &Integration,
    claimed: &Claimed,
    iq_id: &str,
) -> Result<OtpKey, Setback> {
    let not_activated = || {
        let detail = "the IQ is not activated: run `postern iq activate`";
        Setback::refused(FailedReason::IqNotActivated, detail)
    };
    let (iq, sealed) =
        claimed.activations.iter().find(|(id, _)| id == iq_id).ok_or_else(not_activated)?;
    let place = salto::activation::activations_key(&worker.key_prefix, &integration.rules.id);
    let activation =
        Activation::unseal(&worker.sealer, &place, iq, sealed).map_err(|error| {
            tracing::error!(%error, iq_id, integration_id = integration.rules.id, "a stored activation cannot be read");
            let detail = "the stored activation of the IQ cannot be decrypted";
            Setback::refused(FailedReason::IqNotActivated, detail)
        })?;
    match activation.state {
        ActivationState::Activated | ActivationState::Degraded => {
            activation.otp_key(integration.site.otp_scheme()).ok_or_else(not_activated)
        }
        ActivationState::NotActivated | ActivationState::PendingPin => Err(not_activated()),
        ActivationState::ReactivationRequired => Err(Setback::refused(
            FailedReason::IqReactivationRequired,
            "the IQ's secret and PIN no longer count: it must be activated anew",
        )),
    }
}

/// The commands in doubt after a setback, the one just sent included.
pub(crate) fn doubt_after(claimed: &Claimed, setback: &Setback) -> Doubt {
    let commands =
        claimed.doubt.commands + u32::from(setback.certainty == rules::Certainty::Unknown);
    let since_first = if commands == 0 {
        Default::default()
    } else {
        claimed.doubt.since_first + claimed.asked_at.elapsed()
    };
    Doubt { commands, since_first }
}
