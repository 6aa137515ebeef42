//! Invalid messages, each with the expected reason of its dead letter.

use super::writer::{SOURCES, Writer, envelope, text};
use crate::history::InvalidMessage;
use rand::RngExt;
use serde_json::{Value, json};

/// Publishes a random invalid message to a random queue.
pub(super) fn publish(writer: &mut Writer<'_>, at: i64) {
    let booking = writer.rng.random_bool(0.5);
    let (routing_key, queue) = if booking {
        ("booking.status", "postern.booking-status")
    } else {
        ("lock.open-request", "postern.open-requests")
    };
    let mark = writer.name("invalid");
    let event = if booking { status(writer, &mark, at) } else { request(writer, &mark, at) };
    let (body, reason) = invalidate(writer, &mark, event, booking, at);
    let invalid = InvalidMessage {
        mark,
        queue: queue.to_owned(),
        body: String::from_utf8_lossy(&body).into_owned(),
        reason: reason.to_owned(),
    };
    writer.invalid_message(at, routing_key, body, invalid);
}

fn invalidate(
    writer: &mut Writer<'_>,
    mark: &str,
    mut event: Value,
    booking: bool,
    at: i64,
) -> (Vec<u8>, &'static str) {
    let violation = |event: &Value| (event.to_string().into_bytes(), "schema_violation");
    match writer.between(0..10) {
        0 => {
            let whole = event.to_string();
            (whole.as_bytes()[..whole.len() - 7].to_vec(), "malformed")
        }
        1 => (format!("{mark} is not JSON").into_bytes(), "malformed"),
        2 => {
            let mut bytes = vec![0, 159, 146, 150];
            bytes.extend_from_slice(mark.as_bytes());
            (bytes, "malformed")
        }
        3 => {
            let whole = event.to_string();
            (format!(r#"{{"id":"twice",{}"#, &whole[1..]).into_bytes(), "malformed")
        }
        4 => {
            event["type"] = "booking.weather.v1".into();
            (event.to_string().into_bytes(), "unknown_type")
        }
        5 => {
            event["data"]["booking_id"] = "".into();
            violation(&event)
        }
        6 => {
            // More than five minutes ahead of every worker's clock.
            event["time"] = text(writer.moment(at + 3_600_000)).into();
            violation(&event)
        }
        7 => {
            event.as_object_mut().expect("an object").remove("data");
            violation(&event)
        }
        8 if booking => {
            event["data"]["ends_at"] = text(writer.moment(at - 7_200_000)).into();
            violation(&event)
        }
        9 if booking => {
            event["data"]["revision"] = (-1).into();
            violation(&event)
        }
        8 => {
            event["data"]["expires_at"] = "soon".into();
            violation(&event)
        }
        _ => {
            event["data"]["object_id"] = 12.into();
            violation(&event)
        }
    }
}

fn status(writer: &Writer<'_>, mark: &str, at: i64) -> Value {
    let data = json!({
        "integration_id": writer.fixtures.integrations[0].id,
        "booking_id": mark,
        "status": "paid",
        "object_ids": ["nothing"],
        "starts_at": text(writer.moment(at - 3_600_000)),
        "ends_at": text(writer.moment(at + 3_600_000)),
    });
    envelope("booking.status.v1", SOURCES[0], mark, writer.moment(at), data)
}

fn request(writer: &Writer<'_>, mark: &str, at: i64) -> Value {
    let data = json!({"integration_id": writer.fixtures.integrations[0].id, "booking_id": mark});
    envelope("lock.open-request.v1", SOURCES[0], mark, writer.moment(at), data)
}
