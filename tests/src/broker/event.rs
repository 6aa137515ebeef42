//! An event of `postern.outbound`, read without postern's own types: a shared mistake would remain unnoticed.

use lapin::message::Delivery;
use serde_json::Value;

/// A CloudEvent as it arrived.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub id: String,
    pub source: String,
    pub kind: String,
    pub subject: String,
    pub traceparent: Option<String>,
    pub data: Value,
    pub routing_key: String,
    pub content_type: String,
    pub delivery_mode: Option<u8>,
    /// The whole body.
    pub body: Value,
}

impl Event {
    pub(super) fn read(delivery: &Delivery) -> Self {
        let body: Value = serde_json::from_slice(&delivery.data)
            .unwrap_or_else(|error| panic!("an outbound event is JSON: {error}"));
        let text = |member: &str| body[member].as_str().unwrap_or_default().to_owned();
        let content_type = delivery.properties.content_type();
        Self {
            id: text("id"),
            source: text("source"),
            kind: text("type"),
            subject: text("subject"),
            traceparent: body["traceparent"].as_str().map(str::to_owned),
            data: body["data"].clone(),
            routing_key: delivery.routing_key.to_string(),
            content_type: content_type.as_ref().map(ToString::to_string).unwrap_or_default(),
            delivery_mode: *delivery.properties.delivery_mode(),
            body,
        }
    }

    /// A text member of `data`; empty if absent.
    pub fn text(&self, member: &str) -> &str {
        self.data[member].as_str().unwrap_or_default()
    }

    /// The id of the request that it answers.
    pub fn request_id(&self) -> &str {
        self.text("request_id")
    }

    /// Whether it ends a request: `opened`, `open-rejected` or `open-failed`, or the rehearsal of one.
    pub fn is_terminal(&self) -> bool {
        matches!(
            self.kind.strip_prefix("rehearsal.").unwrap_or(&self.kind),
            "lock.opened.v1" | "lock.open-rejected.v1" | "lock.open-failed.v1"
        )
    }
}
