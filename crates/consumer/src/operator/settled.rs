//! What becomes of each message: one log line and the numbers, when it is settled. The ids are in the
//! message's span.

use std::time::{Duration, Instant};

use events::{BookingStatus, DeadLetterReason, Event, Outbound, OutboundData, RefusedMessage};
use rules::FailedClass;

use super::{answer::Answer, metrics, next_step};
use crate::state::{bookings::BookingStored, store::RecordError};

/// The answer to a request is recorded. `integration`: its id, where the configuration has it.
pub(crate) fn recorded(terminal: &Outbound, integration: Option<&str>) {
    if let Some(Answer { decision, reason, .. }) = Answer::of(terminal) {
        metrics::answer_recorded(integration, decision, reason, terminal.rehearsal);
    }
}

/// A request has its answer, and its message is acknowledged.
pub(crate) fn answered(terminal: &Outbound, received: Instant) {
    let Some(Answer { decision, reason, attempts }) = Answer::of(terminal) else { return };
    let duration = received.elapsed();
    metrics::settled("open-requests", decision);
    metrics::request_seconds(duration);
    let (rehearsal, answer_id, duration_ms) = (terminal.rehearsal, terminal.id, millis(duration));
    match &terminal.data {
        OutboundData::OpenFailed(data) if data.class == FailedClass::Configuration => {
            let next_step = next_step::after_failure(data.reason);
            tracing::warn!(
                decision, reason, detail = data.detail, next_step, rehearsal, attempts, %answer_id,
                duration_ms, "request answered"
            );
        }
        OutboundData::OpenFailed(_)
        | OutboundData::Opened(_)
        | OutboundData::OpenRejected(_)
        | OutboundData::CheckIn(_)
        | OutboundData::OpenConfirmed(_)
        | OutboundData::IqAttention(_)
        | OutboundData::IntegrationAttention(_)
        | OutboundData::BookingAtRisk(_) => {
            tracing::info!(
                decision, reason, rehearsal, attempts, %answer_id, duration_ms, "request answered"
            );
        }
    }
}

/// A message waits in a retry queue, and its message is acknowledged.
pub(crate) fn parked(wait: Duration, reason: &'static str) {
    metrics::parked(reason, wait);
    tracing::debug!(wait_ms = millis(wait), reason, "request parked");
}

/// A booking status is stored, and its message is acknowledged.
pub(crate) fn stored(event: &Event<BookingStatus>, stored: BookingStored, received: Instant) {
    let decision = match stored {
        BookingStored::Newest => "stored",
        BookingStored::Tied | BookingStored::LeftOut => "tied",
        BookingStored::Superseded => "superseded",
    };
    metrics::settled("booking-status", decision);
    tracing::info!(
        status = event.data.status,
        revision = event.data.revision,
        decision,
        duration_ms = millis(received.elapsed()),
        "booking status settled"
    );
    let all_kept = match stored {
        BookingStored::Newest | BookingStored::Superseded => return,
        BookingStored::Tied => true,
        BookingStored::LeftOut => false,
    };
    tracing::warn!(
        status = event.data.status,
        revision = event.data.revision,
        time = %event.time,
        all_kept,
        next_step = next_step::AFTER_TIE,
        "booking states tied"
    );
}

/// A message is refused, and is a dead letter now.
pub(crate) fn refused(queue: &'static str, refused: &RefusedMessage, received: Instant) {
    metrics::settled(metrics::short(queue), "dead_letter");
    tracing::warn!(
        queue,
        reason = refused.reason.code(),
        detail = refused.detail,
        duration_ms = millis(received.elapsed()),
        "dead letter made"
    );
}

/// The record that a message needs could not be used, and the message is a dead letter now.
pub(crate) fn unstorable(queue: &'static str, error: &RecordError, received: Instant) {
    metrics::settled(metrics::short(queue), "dead_letter");
    tracing::error!(
        reason = DeadLetterReason::RetriesExhausted.code(),
        %error,
        duration_ms = millis(received.elapsed()),
        "dead letter made"
    );
}

/// A delivery is back in its queue, unsettled.
pub(crate) fn requeued(received: Instant) {
    tracing::info!(duration_ms = millis(received.elapsed()), "delivery requeued");
}

fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}
