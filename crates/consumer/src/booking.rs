//! The path of a booking status: decode → store → acknowledge.

use std::time::Instant;

use chrono::Utc;
use events::{BookingStatus, Event, RefusedMessage, names::BOOKING_STATUS_QUEUE};
use tracing::Instrument as _;

use crate::{
    broker::{
        dead_letter::{self, Disposal},
        delivery::Delivery,
        session_handle::{SessionHandle, Unstored},
    },
    failpoint,
    operator::{message_span, settled, trace_spans},
    worker::Worker,
};

/// Handles a booking status: the delivery is acknowledged once the booking is stored, or requeued.
pub(crate) async fn booking_status(worker: &Worker, session: &SessionHandle, delivery: Delivery) {
    let received_at = Instant::now();
    let admitted = worker.poison_guard.admit(session, &delivery, received_at).await;
    let Some(_admitted) = admitted else { return };

    let event = match decode(worker, &delivery) {
        Ok(event) => event,
        Err(error) => {
            if dead_letter::refused(session, &delivery, &error).await == Ok(Disposal::DeadLetter) {
                settled::refused(BOOKING_STATUS_QUEUE, &error, received_at);
            }
            return;
        }
    };
    let booking_id = event.data.booking_id.as_str();
    let span = trace_spans::process(delivery.queue, &delivery.message, &event, booking_id);
    let message = message_span::of_booking_status(&event);
    let storing = store(worker, session, &delivery, &event, received_at);
    storing.instrument(message).instrument(span).await;
}

/// Reads a booking status.
fn decode(worker: &Worker, delivery: &Delivery) -> Result<Event<BookingStatus>, RefusedMessage> {
    delivery.require_body()?;
    let event = events::decode_booking_status(delivery.message.content(), Utc::now())?;
    worker.routing.check(&event, &delivery.message)?;
    Ok(event)
}

/// Stores a decoded booking status, and settles its delivery.
async fn store(
    worker: &Worker,
    session: &SessionHandle,
    delivery: &Delivery,
    event: &Event<BookingStatus>,
    received_at: Instant,
) {
    failpoint::reach("before-store");
    let integration = worker.integrations.get(&event.data.integration_id);
    let minutes_after = integration.map_or(0, |integration| integration.rules.minutes_after);
    let store = || worker.bookings.store(event, minutes_after, Utc::now());
    match session.retry_until_stopped(store).await {
        Ok(stored) => {
            failpoint::reach("after-store");
            if session.acknowledge(&delivery.acker).await.is_ok() {
                settled::stored(event, stored, received_at);
            }
        }
        Err(Unstored::Record(error)) => {
            if dead_letter::unstorable(session, delivery, &error).await == Ok(Disposal::DeadLetter)
            {
                settled::unstorable(BOOKING_STATUS_QUEUE, &error, received_at);
            }
        }
        Err(Unstored::Abandoned) => {
            session.requeue(&delivery.acker).await;
            settled::requeued(received_at);
        }
    }
}
