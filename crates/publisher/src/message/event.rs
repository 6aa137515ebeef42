//! Messages of events.

use chrono::{DateTime, Utc};
use events::{Event, InboundData, Outbound, names};
use lapin::BasicProperties;

use super::outgoing::Message;
use super::text::short_string;

impl Message {
    /// An event of postern, for the outbound exchange.
    ///
    /// # Errors
    /// Where a time of the event cannot be written (years beyond 9999).
    pub fn event(event: &Outbound) -> Result<Self, serde_json::Error> {
        let properties = cloud_event(&event.id.to_string(), &event.event_type(), event.time);
        let properties = match event.data.request() {
            Some(request) => properties.with_correlation_id(short_string(&request.request_id)),
            None => properties,
        };
        Ok(Self {
            exchange: names::OUTBOUND_EXCHANGE.to_owned(),
            routing_key: event.routing_key(),
            body: event.to_json()?,
            properties,
        })
    }

    /// The same message for a queue, whose name a request gave in its `reply_to`.
    #[must_use]
    pub fn for_queue(self, queue: &str) -> Self {
        Self { exchange: String::new(), routing_key: queue.to_owned(), ..self }
    }

    /// An event of the booking system, for the inbound exchange.
    ///
    /// # Errors
    /// Where a time of the event cannot be written (years beyond 9999).
    pub fn inbound<T: InboundData>(event: &Event<T>) -> Result<Self, serde_json::Error> {
        Ok(Self {
            exchange: names::INBOUND_EXCHANGE.to_owned(),
            routing_key: event.strict_routing_key(),
            body: event.to_json()?,
            properties: cloud_event(&event.id, T::EVENT_TYPE, event.time),
        })
    }
}

/// AMQP's properties of a message that holds a CloudEvent, for tools that do not read the body.
fn cloud_event(id: &str, event_type: &str, time: DateTime<Utc>) -> BasicProperties {
    let properties = BasicProperties::default()
        .with_content_type(short_string(names::CONTENT_TYPE))
        .with_message_id(short_string(id))
        .with_type(short_string(event_type));
    // AMQP's timestamp is in whole seconds since 1970 and cannot be earlier.
    match u64::try_from(time.timestamp()) {
        Ok(seconds) => properties.with_timestamp(seconds),
        Err(_) => properties,
    }
}
