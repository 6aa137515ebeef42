//! What the operator sees of each message: one log line when it is settled, and the numbers.

use std::time::{Duration, Instant};

use events::{
    BookingStatus, DeadLetterReason, DecodeError, Event, OpenRequest, Outbound, OutboundData,
};
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};
use salto::OpenError;

use crate::{bookings::Stored, pursuit::Until, store::StoreError};

const SETTLED: &str = "postern_messages_settled_total";
const ANSWERS: &str = "postern_answers_total";
const DEAD_LETTERS: &str = "postern_dead_letters_total";
const PARKED: &str = "postern_requests_parked_total";
const COMMANDS: &str = "postern_commands_total";
const COMMAND_SECONDS: &str = "postern_command_seconds";
const REQUEST_SECONDS: &str = "postern_request_seconds";
const IN_FLIGHT: &str = "postern_messages_in_flight";
const SUBSCRIBED: &str = "postern_subscribed";
const REDIS_UP: &str = "postern_redis_up";
const SESSIONS: &str = "postern_sessions_total";
const CLOCK_OFFSET: &str = "postern_salto_clock_offset_seconds";

const BREAKER_OPEN: &str = "postern_salto_breaker_open";

const BUCKETS: &[f64] =
    &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0];

/// Starts counting; the handle renders the numbers for Prometheus.
pub(crate) fn install() -> Result<PrometheusHandle, BuildError> {
    let handle = PrometheusBuilder::new().set_buckets(BUCKETS)?.install_recorder()?;
    describe_counter!(SETTLED, "Messages settled, by queue and by what became of them");
    describe_counter!(
        ANSWERS,
        "Open requests answered, by event type and reason, rehearsals apart"
    );
    describe_counter!(DEAD_LETTERS, "Messages put into the dead letters, by reason");
    describe_counter!(PARKED, "Open requests parked in a retry queue, by what they wait for");
    describe_counter!(COMMANDS, "Open commands to Salto, and probes of rehearsals, by result");
    describe_histogram!(COMMAND_SECONDS, "Time from sending an open command to its verdict");
    describe_histogram!(REQUEST_SECONDS, "Time from receiving an open request to settling it");
    describe_gauge!(IN_FLIGHT, "Messages taken and not settled, by queue");
    describe_gauge!(SUBSCRIBED, "1 while subscribed to both queues");
    describe_gauge!(REDIS_UP, "1 while Redis answers");
    describe_counter!(SESSIONS, "Sessions with RabbitMQ begun");
    describe_gauge!(
        BREAKER_OPEN,
        "1 while a host of Salto's is left alone, by environment and host"
    );
    describe_gauge!(CLOCK_OFFSET, "Salto's clock minus ours, by environment");
    Ok(handle)
}

/// A request has its answer, and its message is acknowledged.
pub(crate) fn answered(request: &Event<OpenRequest>, terminal: &Outbound, received: Instant) {
    let (decision, reason, attempts) = match &terminal.data {
        OutboundData::Opened(data) => ("opened", "", data.attempts),
        OutboundData::OpenRejected(data) => ("rejected", data.reason.code(), data.attempts),
        OutboundData::OpenFailed(data) => ("failed", data.reason.code(), data.attempts),
        // Not terminal events: a request never ends in one.
        OutboundData::CheckIn(_) | OutboundData::IqAttention(_) => return,
    };
    let duration = received.elapsed();
    counter!(SETTLED, "queue" => "open-requests", "result" => decision).increment(1);
    let rehearsal = if terminal.rehearsal { "yes" } else { "no" };
    counter!(ANSWERS, "decision" => decision, "reason" => reason, "rehearsal" => rehearsal)
        .increment(1);
    histogram!(REQUEST_SECONDS).record(duration);
    tracing::info!(
        request_id = request.id,
        request_source = request.source,
        integration_id = request.data.integration_id,
        booking_id = request.data.booking_id,
        decision,
        reason,
        rehearsal = terminal.rehearsal,
        attempts,
        event_id = %terminal.id,
        trace_id = request.traceparent.as_deref().and_then(trace_id),
        duration_ms = millis(duration),
        "request answered"
    );
}

/// A request waits in a retry queue.
pub(crate) fn parked(request: &Event<OpenRequest>, wait: Duration, until: Until) {
    counter!(PARKED, "until" => until.as_str()).increment(1);
    tracing::debug!(request_id = request.id, wait_ms = millis(wait), ?until, "parked");
}

/// A booking status is stored, and its message is acknowledged.
pub(crate) fn stored(event: &Event<BookingStatus>, stored: Stored, received: Instant) {
    let decision = match stored {
        Stored::Newest => "stored",
        Stored::Superseded => "superseded",
    };
    counter!(SETTLED, "queue" => "booking-status", "result" => decision).increment(1);
    tracing::info!(
        event_id = event.id,
        integration_id = event.data.integration_id,
        booking_id = event.data.booking_id,
        revision = event.data.revision,
        decision,
        trace_id = event.traceparent.as_deref().and_then(trace_id),
        duration_ms = millis(received.elapsed()),
        "booking status settled"
    );
}

/// A message was no event of its queue, and is a dead letter now.
pub(crate) fn undecodable(queue: &'static str, error: &DecodeError, received: Instant) {
    counter!(SETTLED, "queue" => short(queue), "result" => "dead_letter").increment(1);
    tracing::warn!(
        queue,
        reason = error.kind.code(),
        detail = error.detail,
        duration_ms = millis(received.elapsed()),
        "dead letter"
    );
}

/// Redis refused a message again and again, and it is a dead letter now.
pub(crate) fn unstorable(queue: &'static str, id: &str, error: &StoreError, received: Instant) {
    counter!(SETTLED, "queue" => short(queue), "result" => "dead_letter").increment(1);
    tracing::error!(
        queue,
        id,
        %error,
        duration_ms = millis(received.elapsed()),
        "dead letter: Redis refuses it"
    );
}

/// A message goes back unsettled.
pub(crate) fn given_back(id: &str, received: Instant) {
    tracing::info!(id, duration_ms = millis(received.elapsed()), "given back");
}

/// A dead letter was made.
pub(crate) fn dead_letter(reason: DeadLetterReason) {
    counter!(DEAD_LETTERS, "reason" => reason.code()).increment(1);
}

/// A command was sent, or should have been.
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
}

/// A message is on its way; dropped when it is not any more.
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

/// Whether both queues are subscribed to.
pub(crate) fn subscribed(yes: bool) {
    gauge!(SUBSCRIBED).set(f64::from(u8::from(yes)));
    if yes {
        counter!(SESSIONS).increment(1);
    }
}

/// Whether Redis answers.
pub(crate) fn redis_up(yes: bool) {
    gauge!(REDIS_UP).set(f64::from(u8::from(yes)));
}

/// How far Salto's clock is ahead of ours.
pub(crate) fn clock_offset(environment: &str, seconds: f64) {
    gauge!(CLOCK_OFFSET, "environment" => environment.to_owned()).set(seconds);
}

/// Whether a host of Salto's is left alone for a moment, as it keeps failing.
pub(crate) fn breaker(environment: &str, host: &'static str, open: bool) {
    let gauge = gauge!(BREAKER_OPEN, "environment" => environment.to_owned(), "host" => host);
    gauge.set(f64::from(u8::from(open)));
}

/// The trace id of a valid `traceparent`, for searching the logs.
pub(crate) fn trace_id(traceparent: &str) -> Option<&str> {
    traceparent.split('-').nth(1)
}

fn short(queue: &'static str) -> &'static str {
    queue.strip_prefix("postern.").unwrap_or(queue)
}

fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}
