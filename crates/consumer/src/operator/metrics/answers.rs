//! Answers to open requests.

use std::time::Duration;

use metrics::{counter, describe_counter, describe_histogram, histogram};

pub(super) const ANSWERS: &str = "postern_answers_total";
pub(super) const REPEATED: &str = "postern_answers_repeated_total";
pub(super) const ANSWER_SECONDS: &str = "postern_answer_seconds";
pub(super) const REQUEST_SECONDS: &str = "postern_request_seconds";

/// The label of all integrations that the configuration does not have: their ids come from outside.
pub(super) const UNKNOWN_INTEGRATION: &str = "(unknown)";

pub(super) fn describe() {
    describe_counter!(
        ANSWERS,
        "Open requests answered, each once, by integration, decision, reason and whether it was a rehearsal"
    );
    describe_counter!(
        REPEATED,
        "Answers published by a later delivery than the one that recorded them, by integration"
    );
    describe_histogram!(
        ANSWER_SECONDS,
        "Time from the time of a request's event until the broker has confirmed its answer"
    );
    describe_histogram!(REQUEST_SECONDS, "Time from receiving an open request to settling it");
}

/// A request's answer was recorded, and will not change. `integration`: its id, where the configuration has it.
pub(crate) fn answer_recorded(
    integration: Option<&str>,
    decision: &'static str,
    reason: &'static str,
    rehearsal: bool,
) {
    let (integration, rehearsal) = (label(integration), if rehearsal { "yes" } else { "no" });
    counter!(
        ANSWERS, "integration" => integration, "decision" => decision, "reason" => reason,
        "rehearsal" => rehearsal
    )
    .increment(1);
}

/// An answer was published by the delivery that recorded it, so long after the request's event.
pub(crate) fn answer_published(age: Duration) {
    histogram!(ANSWER_SECONDS).record(age);
}

/// An answer was published that an earlier delivery had recorded.
pub(crate) fn answer_repeated(integration: Option<&str>) {
    counter!(REPEATED, "integration" => label(integration)).increment(1);
}

/// An open request was settled, so long after it was received.
pub(crate) fn request_seconds(duration: Duration) {
    histogram!(REQUEST_SECONDS).record(duration);
}

pub(super) fn label(integration: Option<&str>) -> String {
    integration.unwrap_or(UNKNOWN_INTEGRATION).to_owned()
}
