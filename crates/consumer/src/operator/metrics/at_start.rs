//! The numbers that are shown from the start. Prometheus sees an increase only where it has seen the counter before, so
//! the first dead letter or failure would be missed; and an alert on a gauge needs the gauge, also of a worker that has
//! had no session yet.

use events::{DeadLetterReason, OutboundType};
use metrics::{counter, gauge, histogram};
use rules::{FailedReason, RejectedReason};

use super::{
    ANSWERS, COMMAND_SECONDS, COMMANDS, DEAD_LETTERS, IN_FLIGHT, NOTICES, REQUEST_SECONDS,
};

/// Live requests alone: no alert counts rehearsals.
const LIVE: &str = "no";

const ATTENTION: [OutboundType; 2] =
    [OutboundType::IqAttention, OutboundType::IntegrationAttention];

/// Shows them.
pub(super) fn show() {
    super::subscribed(false);
    super::broker_blocked(false);
    super::redis_up(false);
    for queue in ["booking-status", "open-requests"] {
        gauge!(IN_FLIGHT, "queue" => queue).set(0);
    }
    answers("opened", "");
    RejectedReason::ALL.iter().for_each(|reason| answers("rejected", reason.code()));
    FailedReason::ALL.iter().for_each(|reason| answers("failed", reason.code()));
    for reason in DeadLetterReason::ALL {
        counter!(DEAD_LETTERS, "reason" => reason.code()).increment(0);
    }
    for event_type in ATTENTION {
        counter!(NOTICES, "type" => event_type.code()).increment(0);
    }
    for result in ["accepted", "never_happened", "unknown", "refused"] {
        counter!(COMMANDS, "result" => result).increment(0);
    }
    // A histogram is shown as soon as it has been named.
    let _ = (histogram!(REQUEST_SECONDS), histogram!(COMMAND_SECONDS));
}

fn answers(decision: &'static str, reason: &'static str) {
    counter!(ANSWERS, "decision" => decision, "reason" => reason, "rehearsal" => LIVE).increment(0);
}
