//! The way of a booking status: decode → store → acknowledge.

use std::time::Instant;

use chrono::Utc;
use events::names::BOOKING_STATUS_QUEUE;
use lapin::message::Delivery;
use publisher::ReceivedMessage;

use crate::{
    dead_letter, decode, failpoint,
    line::{Line, TRIES, Unstored},
    metrics,
    worker::Worker,
};

/// Takes a booking status to its end: acknowledged once it is stored, or given back.
pub(crate) async fn booking_status(worker: &Worker, line: &Line, delivery: Delivery) {
    let received = Instant::now();
    let (arrival, acker) = ReceivedMessage::from_delivery(BOOKING_STATUS_QUEUE, delivery);
    let Ok(_alone) = worker.suspects.admit(line, &arrival).await else { return };

    let event = match decode::booking_status(&arrival) {
        Ok(event) => event,
        Err(error) => {
            if dead_letter::undecodable(line, (&arrival, &acker), &error).await.is_ok() {
                metrics::undecodable(BOOKING_STATUS_QUEUE, &error, received);
            }
            return;
        }
    };

    failpoint::reach("before-store");
    match line.insist(|| worker.bookings.store(&event, Utc::now())).await {
        Ok(stored) => {
            failpoint::reach("after-store");
            if line.acknowledge(&acker).await.is_ok() {
                metrics::stored(&event, stored, received);
            }
        }
        Err(Unstored::Refused(error)) => {
            let kept = (&arrival, &acker);
            if dead_letter::unstorable(line, kept, &error, TRIES).await.is_ok() {
                metrics::unstorable(BOOKING_STATUS_QUEUE, &event.id, &error, received);
            }
        }
        Err(Unstored::LetGo) => {
            line.give_back(&acker).await;
            metrics::given_back(&event.id, received);
        }
    }
}
