//! Messages: taken, settled, parked, dead letters and notices.

use std::time::Duration;

use events::DeadLetterReason;
use metrics::{counter, describe_counter, describe_gauge, gauge};

use super::parked_messages;

pub(super) const SETTLED: &str = "postern_messages_settled_total";
pub(super) const DEAD_LETTERS: &str = "postern_dead_letters_total";
pub(super) const PARKED: &str = "postern_requests_parked_total";
pub(super) const IN_FLIGHT: &str = "postern_messages_in_flight";
pub(super) const NOTICES: &str = "postern_notices_published_total";

pub(super) fn describe() {
    describe_counter!(SETTLED, "Messages settled, by queue and result");
    describe_counter!(DEAD_LETTERS, "Dead letters made, by reason");
    describe_counter!(PARKED, "Messages parked in a retry queue, by the reason of the wait");
    describe_gauge!(IN_FLIGHT, "Messages taken and not settled, by queue");
    describe_counter!(NOTICES, "Notices published, by type");
}

/// A message was settled.
pub(crate) fn settled(queue: &'static str, result: &'static str) {
    counter!(SETTLED, "queue" => queue, "result" => result).increment(1);
}

/// A message was parked, and comes back after that time.
pub(crate) fn parked(reason: &'static str, time: Duration) {
    counter!(PARKED, "reason" => reason).increment(1);
    parked_messages::add(reason, time);
}

/// A dead letter was made.
pub(crate) fn dead_letter(reason: DeadLetterReason) {
    counter!(DEAD_LETTERS, "reason" => reason.code()).increment(1);
}

/// A notice was published.
pub(crate) fn notice_published(event_type: &'static str) {
    counter!(NOTICES, "type" => event_type).increment(1);
}

/// Counts a message as in flight until it is dropped.
pub(crate) struct InFlight(metrics::Gauge);

impl InFlight {
    pub(crate) fn new(queue: &'static str) -> Self {
        let gauge = gauge!(IN_FLIGHT, "queue" => short(queue));
        gauge.increment(1);
        Self(gauge)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.decrement(1);
    }
}

/// The name of a queue as the labels have it.
pub(crate) fn short(queue: &'static str) -> &'static str {
    queue.strip_prefix("postern.").unwrap_or(queue)
}
