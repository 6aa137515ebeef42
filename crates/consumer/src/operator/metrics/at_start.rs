//! The numbers that are shown from the start. Prometheus sees an increase only where it has seen the counter before, so
//! the first dead letter or failure would be missed; and an alert on a gauge needs the gauge, also of a worker that has
//! had no session yet.

use events::{ConfirmationSource, DeadLetterReason, OutboundType};
use metrics::{counter, gauge, histogram};
use rules::{FailedReason, RejectedReason};

use super::{
    answers::{ANSWER_SECONDS, ANSWERS, REPEATED, REQUEST_SECONDS, label},
    commands::{COMMAND_SECONDS, COMMANDS, CONFIRMATIONS, IQ_REFUSALS},
    connections::SESSIONS,
    messages::{DEAD_LETTERS, IN_FLIGHT, NOTICES, PARKED, SETTLED},
    parked_messages, process,
};

/// Live requests alone: no alert counts rehearsals.
const LIVE: &str = "no";

const NOTICE_TYPES: [OutboundType; 3] =
    [OutboundType::IqAttention, OutboundType::IntegrationAttention, OutboundType::BookingAtRisk];

/// The queues, and what becomes of their messages.
const RESULTS: [(&str, [&str; 4]); 2] = [
    ("booking-status", ["stored", "tied", "superseded", "dead_letter"]),
    ("open-requests", ["opened", "rejected", "failed", "dead_letter"]),
];

/// Shows them.
pub(super) fn show() {
    process::build_info();
    super::reloaded(true);
    super::subscribed(false);
    super::broker_blocked(false);
    super::redis_up(false);
    for (queue, results) in RESULTS {
        gauge!(IN_FLIGHT, "queue" => queue).set(0);
        for result in results {
            counter!(SETTLED, "queue" => queue, "result" => result).increment(0);
        }
    }
    for queue in ["booking-status", "open-requests", "dead-letters"] {
        super::queue_messages(queue, None);
    }
    for reason in DeadLetterReason::ALL {
        counter!(DEAD_LETTERS, "reason" => reason.code()).increment(0);
    }
    for event_type in NOTICE_TYPES {
        counter!(NOTICES, "type" => event_type.code()).increment(0);
    }
    for result in ["accepted", "never_happened", "unknown", "refused"] {
        counter!(COMMANDS, "result" => result).increment(0);
    }
    counter!(IQ_REFUSALS, "code" => "other").increment(0);
    for source in ConfirmationSource::ALL {
        counter!(CONFIRMATIONS, "result" => "confirmed", "seen_in" => source.code()).increment(0);
    }
    super::not_confirmed(0, 0);
    counter!(SESSIONS).increment(0);
    show_integrations([]);
    // A histogram is shown as soon as it has been named.
    let _ = [REQUEST_SECONDS, COMMAND_SECONDS, ANSWER_SECONDS].map(|name| histogram!(name));
}

/// Shows the answers that integrations of the configuration can get, and those that an unknown one can get.
pub(crate) fn show_integrations<'a>(live: impl IntoIterator<Item = &'a str>) {
    for id in live {
        answers(Some(id), "opened", "");
        RejectedReason::ALL.iter().for_each(|reason| answers(Some(id), "rejected", reason.code()));
        FailedReason::ALL.iter().for_each(|reason| answers(Some(id), "failed", reason.code()));
        counter!(REPEATED, "integration" => id.to_owned()).increment(0);
    }
    for reason in [RejectedReason::IntegrationUnknown, RejectedReason::RequestExpired] {
        answers(None, "rejected", reason.code());
    }
    counter!(REPEATED, "integration" => label(None)).increment(0);
}

/// Shows the reasons for which messages wait.
pub(crate) fn show_wait_reasons(reasons: impl IntoIterator<Item = &'static str>) {
    for reason in reasons {
        counter!(PARKED, "reason" => reason).increment(0);
        parked_messages::expect(reason);
    }
}

fn answers(integration: Option<&str>, decision: &'static str, reason: &'static str) {
    counter!(
        ANSWERS, "integration" => label(integration), "decision" => decision, "reason" => reason,
        "rehearsal" => LIVE
    )
    .increment(0);
}
