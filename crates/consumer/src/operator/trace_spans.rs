//! The spans of a message, for traces, by OpenTelemetry's conventions for messaging: one for handling it, one for making
//! each answer, and one for each time that an answer is published. Where no traces are exported they cost nothing.
//!
//! An answer names the span in which it was made, so that what the booking system does with it is part of the trace. An
//! answer does not change, so a later delivery publishes it with the same name.

use events::{
    Event, InboundData, Outbound,
    names::{INBOUND_EXCHANGE, OUTBOUND_EXCHANGE},
};
use publisher::ReceivedMessage;
use tracing::{Span, field::Empty};

use super::answer::Answer;

const SYSTEM: &str = "rabbitmq";

/// The span of handling a message.
pub(crate) fn process<T: InboundData>(
    queue: &'static str,
    message: &ReceivedMessage,
    event: &Event<T>,
    booking_id: &str,
) -> Span {
    let span = tracing::trace_span!(
        target: traces::TARGET,
        "process",
        otel.name = %format_args!("process {queue}"),
        otel.kind = "consumer",
        otel.status_code = Empty,
        messaging.system = SYSTEM,
        messaging.operation.name = "process",
        "messaging.operation.type" = "process",
        messaging.destination.name = INBOUND_EXCHANGE,
        messaging.destination.subscription.name = queue,
        messaging.rabbitmq.destination.routing_key = message.first_routing_key(),
        messaging.message.id = event.id,
        messaging.message.body.size = message.body.len(),
        cloudevents.event_id = event.id,
        cloudevents.event_source = event.source,
        cloudevents.event_type = T::EVENT_TYPE,
        postern.integration_id = event.data.integration_id(),
        postern.booking_id = booking_id,
        postern.decision = Empty,
        postern.reason = Empty,
        postern.attempts = Empty,
        postern.waits_for = Empty,
        "error.type" = Empty,
    );
    traces::set_parent(&span, event.traceparent.as_deref());
    span
}

/// The message has its answer; `span` is that of handling it.
pub(crate) fn answered(span: &Span, terminal: &Outbound) {
    if span.is_disabled() {
        return;
    }
    let Some(Answer { decision, reason, attempts }) = Answer::of(terminal) else { return };
    span.record("postern.decision", decision);
    span.record("postern.attempts", attempts);
    if !reason.is_empty() {
        span.record("postern.reason", reason);
    }
    if decision == "failed" {
        fail(span, reason);
    }
}

/// The message waits, without an answer yet, for that reason.
pub(crate) fn parked(span: &Span, reason: &'static str) {
    span.record("postern.waits_for", reason);
}

/// The operation of the span failed, with an error of this kind.
pub(crate) fn fail(span: &Span, kind: &str) {
    span.record("error.type", kind);
    span.record("otel.status_code", "ERROR");
}

/// The `traceparent` of an event that is made now. Where no traces are exported, it is that of the request.
pub(crate) fn create(event: &Outbound) -> Option<String> {
    let span = tracing::trace_span!(
        target: traces::TARGET,
        "create",
        otel.name = %format_args!("create {OUTBOUND_EXCHANGE}"),
        otel.kind = "producer",
        messaging.system = SYSTEM,
        messaging.operation.name = "create",
        "messaging.operation.type" = "create",
        messaging.destination.name = OUTBOUND_EXCHANGE,
        messaging.rabbitmq.destination.routing_key = event.routing_key(),
        messaging.message.id = %event.id,
        cloudevents.event_id = %event.id,
        cloudevents.event_type = %event.event_type(),
    );
    traces::traceparent(&span).or_else(|| event.traceparent.clone())
}

/// The span of publishing an event until the broker has confirmed it.
pub(crate) fn send(event: &Outbound) -> Span {
    let span = tracing::trace_span!(
        target: traces::TARGET,
        "send",
        otel.name = %format_args!("send {OUTBOUND_EXCHANGE}"),
        otel.kind = "client",
        otel.status_code = Empty,
        messaging.system = SYSTEM,
        messaging.operation.name = "send",
        "messaging.operation.type" = "send",
        messaging.destination.name = OUTBOUND_EXCHANGE,
        messaging.rabbitmq.destination.routing_key = event.routing_key(),
        messaging.message.id = %event.id,
        cloudevents.event_id = %event.id,
        cloudevents.event_type = %event.event_type(),
        "error.type" = Empty,
    );
    traces::add_link(&span, event.traceparent.as_deref());
    span
}
