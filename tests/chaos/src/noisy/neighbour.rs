//! The messages of the neighbour: one booking with all of its doors, and requests.

use super::trouble_phase::{NEIGHBOUR, TroublePhase};
use crate::fixtures::Door;
use crate::load::publish::publish;
use crate::load::{Content, LoadPlan, Outgoing};
use end_to_end::inbound::{booking_status, open_request, time};
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, Instant};

const BOOKING: &str = "neighbour";

/// Stores the neighbour's booking.
pub(super) async fn book(phase: &TroublePhase<'_>) {
    let mut event = booking_status(BOOKING, "paid");
    event["data"]["integration_id"] = NEIGHBOUR.into();
    event["data"]["object_ids"] = phase.doors().iter().map(|door| &*door.object).collect();
    send(phase, vec![outgoing(Duration::ZERO, "booking.status", &event)]).await;
}

/// Publishes requests for these doors at this rate until the trouble ends.
pub(super) async fn request(phase: &TroublePhase<'_>, doors: &[&Door], rate: f64) {
    let count = (phase.duration.as_secs_f64() * rate) as usize;
    let messages = (0..count).map(|number| {
        let at = Duration::from_secs_f64(number as f64 / rate);
        outgoing(at, "lock.open-request", &request_for(number, doors[number % doors.len()], at))
    });
    send(phase, messages.collect()).await;
}

/// A request for a door of the neighbour's booking, made this time from now.
pub(super) fn request_for(number: usize, door: &Door, at: Duration) -> Value {
    let mut event = open_request(&format!("neighbour-{number}"), BOOKING);
    event["time"] = time(i64::try_from(at.as_secs()).expect("a run of hours at most")).into();
    event["data"]["integration_id"] = NEIGHBOUR.into();
    event["data"]["object_id"] = door.object.clone().into();
    event
}

fn outgoing(at: Duration, routing_key: &'static str, event: &Value) -> Outgoing {
    let body = event.to_string().into_bytes();
    Outgoing { at, routing_key, body, content: Content::NotRecorded }
}

async fn send(phase: &TroublePhase<'_>, messages: Vec<Outgoing>) {
    let url = phase.system.setup.vhost.url().to_owned();
    publish(LoadPlan { messages }, url, Instant::now(), Arc::default()).await;
}
