//! Commands to Salto, and the openings that its record confirms.

use std::time::Duration;

use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use salto::{Cause, OpenError};

use super::iq_code_label::iq_code_label;

pub(super) const COMMANDS: &str = "postern_commands_total";
pub(super) const COMMAND_SECONDS: &str = "postern_command_seconds";
pub(super) const IQ_REFUSALS: &str = "postern_iq_refusals_total";
pub(super) const CONFIRMATIONS: &str = "postern_confirmations_total";
pub(super) const UNMATCHED_ENTRIES: &str = "postern_unmatched_entries_total";
const CONFIRMATION_SECONDS: &str = "postern_confirmation_seconds";
const EVENT_STREAMS: &str = "postern_event_streams";

pub(super) fn describe() {
    describe_counter!(COMMANDS, "Open commands to Salto, and probes of rehearsals, by result");
    describe_counter!(
        IQ_REFUSALS,
        "Commands that an IQ did not carry out and answered with a code that is not known, by code"
    );
    describe_histogram!(COMMAND_SECONDS, "Time from sending an open command to its answer");
    describe_counter!(
        CONFIRMATIONS,
        "Openings that Salto's own record confirmed, or did not confirm in time, by result and source"
    );
    describe_histogram!(
        CONFIRMATION_SECONDS,
        "Time from the answer to a command until Salto's record of the opening was seen, by source"
    );
    describe_counter!(UNMATCHED_ENTRIES, "Openings in Salto's record that no request explains");
    describe_gauge!(EVENT_STREAMS, "Event streams of Salto that this worker listens to");
}

/// A command was sent, or failed before it was written.
pub(crate) fn command(duration: Duration, error: Option<&OpenError>) {
    let result = match error.map(|error| error.certainty) {
        None => "accepted",
        Some(salto::Certainty::NeverHappened) => "never_happened",
        Some(salto::Certainty::Unknown) => "unknown",
        Some(salto::Certainty::Refused) => "refused",
    };
    counter!(COMMANDS, "result" => result).increment(1);
    if error.is_none_or(|error| error.written) {
        histogram!(COMMAND_SECONDS).record(duration);
    }
    if let Some(error) = error.filter(|error| error.cause == Cause::IqRefused) {
        counter!(IQ_REFUSALS, "code" => iq_code_label(error.iq_code.as_deref())).increment(1);
    }
}

/// An opening was confirmed.
pub(crate) fn confirmed(seen_in: String, delay: Duration) {
    counter!(CONFIRMATIONS, "result" => "confirmed", "seen_in" => seen_in.clone()).increment(1);
    histogram!(CONFIRMATION_SECONDS, "seen_in" => seen_in).record(delay);
}

/// So many openings were not confirmed in time, and so many rows belong to no opening.
pub(crate) fn not_confirmed(openings: u64, rows: u64) {
    counter!(CONFIRMATIONS, "result" => "unconfirmed", "seen_in" => "").increment(openings);
    counter!(UNMATCHED_ENTRIES).increment(rows);
}

/// Counts a connection to an event stream until it is dropped.
pub(crate) struct EventStream(metrics::Gauge);

impl EventStream {
    pub(crate) fn connected() -> Self {
        let gauge = gauge!(EVENT_STREAMS);
        gauge.increment(1);
        Self(gauge)
    }
}

impl Drop for EventStream {
    fn drop(&mut self) {
        self.0.decrement(1);
    }
}
