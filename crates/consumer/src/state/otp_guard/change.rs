//! What a verdict changes at an IQ: its activation, the event and the log line.

use chrono::Utc;
use events::{IqAttention, IqState, Outbound, OutboundData};
use salto::{Activation, ActivationState};
use uuid::Uuid;

use super::{BLOCKED_FOR, DEGRADES, IqRef, OtpSubject, OtpVerdict};

/// The activation that follows a verdict; none where it stays as it is.
pub(super) fn next_activation(activation: Activation, verdict: OtpVerdict) -> Option<Activation> {
    let state = match (verdict, activation.state) {
        (OtpVerdict::Invalid, ActivationState::Activated) => ActivationState::Degraded,
        (OtpVerdict::Accepted, ActivationState::Degraded)
        | (OtpVerdict::Proven, ActivationState::Degraded | ActivationState::ReactivationRequired) => {
            ActivationState::Activated
        }
        (OtpVerdict::RestoreRequired, ActivationState::Activated | ActivationState::Degraded) => {
            ActivationState::ReactivationRequired
        }
        (
            OtpVerdict::Invalid
            | OtpVerdict::InvalidOther
            | OtpVerdict::Blocked
            | OtpVerdict::Accepted
            | OtpVerdict::RestoreRequired
            | OtpVerdict::NewSecret
            | OtpVerdict::Proven,
            _,
        ) => return None,
    };
    Some(Activation { state, changed_at: Utc::now(), ..activation })
}

/// The state of the IQ that an event reports after a verdict.
const fn reported_state(verdict: OtpVerdict) -> IqState {
    match verdict {
        // `InvalidOther` and `NewSecret` change no state, so that no event reports them.
        OtpVerdict::Invalid | OtpVerdict::InvalidOther | OtpVerdict::NewSecret => IqState::Degraded,
        OtpVerdict::Blocked => IqState::Blocked,
        OtpVerdict::Accepted | OtpVerdict::Proven => IqState::Activated,
        OtpVerdict::RestoreRequired => IqState::ReactivationRequired,
    }
}

/// The event that reports a change.
pub(super) fn event(subject: OtpSubject<'_>, verdict: OtpVerdict) -> Outbound {
    Outbound {
        id: Uuid::new_v4(),
        time: Utc::now(),
        traceparent: subject.traceparent.map(str::to_owned),
        rehearsal: subject.rehearsal,
        data: OutboundData::IqAttention(IqAttention {
            integration_id: subject.iq.integration_id.to_owned(),
            iq_id: subject.iq.iq_id.to_owned(),
            state: reported_state(verdict),
            detail: detail(verdict),
        }),
    }
}

fn detail(verdict: OtpVerdict) -> String {
    match verdict {
        OtpVerdict::Invalid | OtpVerdict::InvalidOther => format!(
            "Salto has rejected {DEGRADES} one-time passwords in a row: was the system user \
             activated in Salto's app, or is a clock wrong? See `postern iq list` and the worker's \
             log"
        ),
        OtpVerdict::Blocked => format!(
            "Salto has blocked the system user at this IQ after wrong one-time passwords; nothing \
             is sent there until {}",
            (Utc::now() + BLOCKED_FOR).format("%Y-%m-%dT%H:%M:%SZ")
        ),
        OtpVerdict::Accepted => "Salto accepts commands to this IQ again".to_owned(),
        OtpVerdict::RestoreRequired => {
            let detail = "Salto asks for a restore of this IQ: the stored secret and PIN are no \
                          longer valid; run `postern iq activate`";
            detail.to_owned()
        }
        OtpVerdict::NewSecret => "Salto has given a new secret".to_owned(),
        OtpVerdict::Proven => "Salto accepts the IQ's secret and PIN".to_owned(),
    }
}

/// Logs a change with the state before, the state after and what an operator does next.
pub(super) fn log(iq: IqRef<'_>, before: Option<ActivationState>, verdict: OtpVerdict) {
    let IqRef { integration_id, iq_id } = iq;
    let to = reported_state(verdict).code();
    let from = match (verdict, before) {
        // A change back without a change of the activation is the end of a block.
        (OtpVerdict::Accepted | OtpVerdict::Proven, Some(ActivationState::Activated)) => {
            IqState::Blocked.code()
        }
        (
            OtpVerdict::Invalid
            | OtpVerdict::InvalidOther
            | OtpVerdict::Blocked
            | OtpVerdict::RestoreRequired
            | OtpVerdict::NewSecret
            | OtpVerdict::Accepted
            | OtpVerdict::Proven,
            before,
        ) => before.map_or("unknown", ActivationState::code),
    };
    let next_step = match reported_state(verdict) {
        IqState::Activated => {
            tracing::info!(integration_id, iq_id, from, to, "IQ state changed");
            return;
        }
        IqState::Degraded => {
            "check that the system user is used by postern alone and that the clocks are right, then \
             run `postern iq probe`"
        }
        IqState::Blocked => "wait until the block ends; `postern iq list` shows when, and why",
        IqState::ReactivationRequired => "run `postern iq activate`",
    };
    tracing::warn!(integration_id, iq_id, from, to, next_step, "IQ state changed");
}
