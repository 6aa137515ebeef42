//! The numbers for Prometheus.

mod at_start;

use std::time::Duration;

use events::DeadLetterReason;
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};
use salto::{Cause, OpenError};

use super::iq_code_label::iq_code_label;

const SETTLED: &str = "postern_messages_settled_total";
const ANSWERS: &str = "postern_answers_total";
const DEAD_LETTERS: &str = "postern_dead_letters_total";
const PARKED: &str = "postern_requests_parked_total";
const COMMANDS: &str = "postern_commands_total";
const IQ_REFUSALS: &str = "postern_iq_refusals_total";
const COMMAND_SECONDS: &str = "postern_command_seconds";
const REQUEST_SECONDS: &str = "postern_request_seconds";
const IN_FLIGHT: &str = "postern_messages_in_flight";
const SUBSCRIBED: &str = "postern_subscribed";
const BROKER_BLOCKED: &str = "postern_broker_blocked";
const REDIS_UP: &str = "postern_redis_up";
const SESSIONS: &str = "postern_sessions_total";
const CONFIRMATIONS: &str = "postern_confirmations_total";
const CONFIRMATION_SECONDS: &str = "postern_confirmation_seconds";
const UNMATCHED_ENTRIES: &str = "postern_unmatched_entries_total";
const EVENT_STREAMS: &str = "postern_event_streams";
const UNROUTED_KEYS: &str = "postern_unrouted_routing_keys";
const NOTICES: &str = "postern_notices_published_total";
const AT_RISK: &str = "postern_bookings_at_risk";
const CLOCK_OFFSET: &str = "postern_salto_clock_offset_seconds";
const BREAKER_OPEN: &str = "postern_salto_breaker_open";
const BREAKERS_OPEN: &str = "postern_salto_breakers_open";

const BUCKETS: &[f64] =
    &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0];

/// Installs the recorder. The handle renders the numbers for Prometheus.
pub(crate) fn install() -> Result<PrometheusHandle, BuildError> {
    let handle = PrometheusBuilder::new().set_buckets(BUCKETS)?.install_recorder()?;
    describe_counter!(SETTLED, "Messages settled, by queue and result");
    describe_counter!(
        ANSWERS,
        "Open requests answered, by decision, reason and whether it was a rehearsal"
    );
    describe_counter!(DEAD_LETTERS, "Dead letters made, by reason");
    describe_counter!(PARKED, "Messages parked in a retry queue, by the reason of the wait");
    describe_counter!(COMMANDS, "Open commands to Salto, and probes of rehearsals, by result");
    describe_counter!(
        IQ_REFUSALS,
        "Commands that an IQ did not carry out and answered with a code that is not known, by code"
    );
    describe_histogram!(COMMAND_SECONDS, "Time from sending an open command to its answer");
    describe_histogram!(REQUEST_SECONDS, "Time from receiving an open request to settling it");
    describe_gauge!(IN_FLIGHT, "Messages taken and not settled, by queue");
    describe_gauge!(SUBSCRIBED, "1 while subscribed to both queues");
    describe_gauge!(BROKER_BLOCKED, "1 while RabbitMQ blocks publishers");
    describe_gauge!(REDIS_UP, "1 while Redis answers");
    describe_gauge!(
        UNROUTED_KEYS,
        "Routing keys whose events no queue takes, so that requests wait"
    );
    describe_counter!(NOTICES, "Notices published, by type");
    describe_gauge!(
        AT_RISK,
        "Bookings at risk, by integration, as the worker shows that checks them; 0 at the others"
    );
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
    describe_counter!(SESSIONS, "Sessions with RabbitMQ begun");
    describe_gauge!(
        BREAKER_OPEN,
        "1 while the breaker of a host of Salto is open, by environment and host"
    );
    describe_gauge!(
        BREAKERS_OPEN,
        "Breakers that are open, by environment, host and scope (host, integration, call, iq, lock)"
    );
    describe_gauge!(CLOCK_OFFSET, "Salto's clock minus the worker's, by environment");
    at_start::show();
    Ok(handle)
}

/// A message was settled.
pub(crate) fn settled(queue: &'static str, result: &'static str) {
    counter!(SETTLED, "queue" => queue, "result" => result).increment(1);
}

/// A request was answered.
pub(crate) fn answered(
    decision: &'static str,
    reason: &'static str,
    rehearsal: bool,
    duration: Duration,
) {
    settled("open-requests", decision);
    let rehearsal = if rehearsal { "yes" } else { "no" };
    counter!(ANSWERS, "decision" => decision, "reason" => reason, "rehearsal" => rehearsal)
        .increment(1);
    histogram!(REQUEST_SECONDS).record(duration);
}

/// A message was parked.
pub(crate) fn parked(reason: &'static str) {
    counter!(PARKED, "reason" => reason).increment(1);
}

/// A dead letter was made.
pub(crate) fn dead_letter(reason: DeadLetterReason) {
    counter!(DEAD_LETTERS, "reason" => reason.code()).increment(1);
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

/// Whether both queues are subscribed to.
pub(crate) fn subscribed(yes: bool) {
    gauge!(SUBSCRIBED).set(f64::from(u8::from(yes)));
}

/// A session with RabbitMQ has begun.
pub(crate) fn session_begun() {
    counter!(SESSIONS).increment(1);
}

/// Whether RabbitMQ blocks publishers.
pub(crate) fn broker_blocked(yes: bool) {
    gauge!(BROKER_BLOCKED).set(f64::from(u8::from(yes)));
}

/// Whether Redis answers.
pub(crate) fn redis_up(yes: bool) {
    gauge!(REDIS_UP).set(f64::from(u8::from(yes)));
}

/// How many routing keys no queue takes.
pub(crate) fn unrouted_keys(count: usize) {
    gauge!(UNROUTED_KEYS).set(u32::try_from(count).map_or(f64::INFINITY, f64::from));
}

/// A notice was published.
pub(crate) fn notice_published(event_type: &'static str) {
    counter!(NOTICES, "type" => event_type).increment(1);
}

/// How many bookings of an integration are at risk.
pub(crate) fn bookings_at_risk(integration_id: &str, count: usize) {
    let gauge = gauge!(AT_RISK, "integration" => integration_id.to_owned());
    gauge.set(u32::try_from(count).map_or(f64::INFINITY, f64::from));
}

/// The difference between Salto's clock and the worker's.
pub(crate) fn clock_offset(environment: &str, seconds: f64) {
    gauge!(CLOCK_OFFSET, "environment" => environment.to_owned()).set(seconds);
}

/// How many breakers of this scope are open at a host of Salto.
pub(crate) fn breakers(environment: &str, host: &'static str, scope: &'static str, open: usize) {
    let environment = environment.to_owned();
    let gauge =
        gauge!(BREAKERS_OPEN, "environment" => environment, "host" => host, "scope" => scope);
    gauge.set(u32::try_from(open).map_or(f64::INFINITY, f64::from));
}

/// Whether the breaker of a host of Salto is open.
pub(crate) fn breaker(environment: &str, host: &'static str, open: bool) {
    let gauge = gauge!(BREAKER_OPEN, "environment" => environment.to_owned(), "host" => host);
    gauge.set(f64::from(u8::from(open)));
}

/// The name of a queue as the labels have it.
pub(crate) fn short(queue: &'static str) -> &'static str {
    queue.strip_prefix("postern.").unwrap_or(queue)
}
