//! Dead letters as workers publish them.

use chrono::{SecondsFormat, TimeDelta, Utc};
use end_to_end::{
    broker::Bus,
    inbound::{booking_status, open_request},
};
use lapin::{
    BasicProperties,
    types::{AMQPValue, FieldTable},
};
use serde_json::Value;

/// A message, with the reason why it is a dead letter.
#[derive(Clone)]
pub(crate) struct Letter {
    pub(crate) queue: &'static str,
    pub(crate) reason: &'static str,
    pub(crate) failed_at: String,
    pub(crate) body: Vec<u8>,
    pub(crate) replays: i64,
}

/// The time this many seconds ago, as RFC 3339.
pub(crate) fn ago(seconds: i64) -> String {
    let time = Utc::now() - TimeDelta::seconds(seconds);
    time.to_rfc3339_opts(SecondsFormat::Nanos, true)
}

/// An open request of integration `acme` that failed.
pub(crate) fn request(id: &str, reason: &'static str) -> Letter {
    let mut event = open_request(id, "B-1");
    event["data"]["integration_id"] = "acme".into();
    letter("postern.open-requests", reason, &event)
}

/// A booking status of integration `acme` that could not be stored.
pub(crate) fn status(revision: u64) -> Letter {
    let mut event = booking_status("B-1", "paid");
    event["data"]["integration_id"] = "acme".into();
    event["data"]["revision"] = revision.into();
    letter("postern.booking-status", "retries_exhausted", &event)
}

/// A message that is not an event.
pub(crate) fn malformed(body: &[u8]) -> Letter {
    let mut letter = letter("postern.open-requests", "malformed", &Value::Null);
    letter.body = body.to_vec();
    letter
}

fn letter(queue: &'static str, reason: &'static str, event: &Value) -> Letter {
    let body = serde_json::to_vec(event).unwrap();
    Letter { queue, reason, failed_at: ago(0), body, replays: 0 }
}

impl Letter {
    pub(crate) fn properties(&self) -> BasicProperties {
        let mut headers = FieldTable::default();
        for (name, value) in [
            ("postern-reason", self.reason),
            ("postern-detail", "what happened, in words"),
            ("postern-failed-at", &self.failed_at),
            ("postern-exchange", "postern.inbound"),
            ("postern-routing-key", "lock.open-request.acme"),
            ("postern-queue", self.queue),
            ("tenant", "acme"),
        ] {
            headers.insert(name.into(), AMQPValue::LongString(value.into()));
        }
        headers.insert("postern-attempts".into(), AMQPValue::LongLongInt(1));
        headers.insert("postern-replays".into(), AMQPValue::LongLongInt(self.replays));
        BasicProperties::default()
            .with_content_type("application/cloudevents+json".into())
            .with_message_id("message".into())
            .with_delivery_mode(2)
            .with_headers(headers)
    }

    /// Publishes it to the dead letters.
    pub(crate) async fn publish_to(&self, bus: &Bus) {
        let key = format!("{}.{}", self.queue, self.reason);
        bus.publish_raw("postern.dead-letter", &key, &self.body, self.properties()).await;
    }
}
