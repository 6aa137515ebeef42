//! A message ready to be published.

use std::time::Duration;

use chrono::{DateTime, Utc};
use events::{Event, InboundData, Outbound, names};
use lapin::BasicProperties;
use lapin::types::{MAX_SHORT_STRING_LENGTH, ShortString};

use crate::arrival::Arrival;
use crate::dead_letter::{self, DeadLetter};
use crate::park;
use crate::replay::{self, NoOrigin};

/// A message ready to be published. Publishing adds the persistent delivery mode.
#[derive(Clone, PartialEq)]
pub struct Message {
    /// The exchange; empty for the default exchange.
    pub exchange: String,
    /// The routing key. Cut off at 255 bytes, which is all that AMQP can carry.
    pub routing_key: String,
    /// The body.
    pub body: Vec<u8>,
    /// Properties and headers.
    pub properties: BasicProperties,
}

impl Message {
    /// An event of postern, for the outbound exchange.
    ///
    /// # Errors
    /// Where a time of the event has no place in JSON (years beyond 9999).
    pub fn event(event: &Outbound) -> Result<Self, serde_json::Error> {
        Ok(Self {
            exchange: names::OUTBOUND_EXCHANGE.to_owned(),
            routing_key: event.routing_key(),
            body: event.to_json()?,
            properties: cloud_event(&event.id.to_string(), &event.event_type(), event.time),
        })
    }

    /// An event of the booking system, for the inbound exchange.
    ///
    /// # Errors
    /// Where a time of the event has no place in JSON (years beyond 9999).
    pub fn inbound<T: InboundData>(event: &Event<T>) -> Result<Self, serde_json::Error> {
        Ok(Self {
            exchange: names::INBOUND_EXCHANGE.to_owned(),
            routing_key: T::ROUTING_KEY.to_owned(),
            body: event.to_json()?,
            properties: cloud_event(&event.id, T::EVENT_TYPE, event.time),
        })
    }

    /// A dead letter: `original` untouched, with headers that say why and when it failed.
    pub fn dead_letter(original: &Arrival, why: &DeadLetter<'_>, now: DateTime<Utc>) -> Self {
        dead_letter::dead_letter(original, why, now)
    }

    /// An open request on its way to a retry queue, the one with the longest of the
    /// [`RETRY_DELAYS`](crate::RETRY_DELAYS) up to `wait` or else the shortest, out of which the
    /// broker puts it back into its queue: untouched, but for headers that say where it first
    /// arrived and how often it was delivered ([`Arrival::deliveries`]), and without those that
    /// would send copies elsewhere (`CC`).
    ///
    /// It may come back earlier than after `wait`. Until it is confirmed, the original must not be
    /// acknowledged.
    pub fn parked(arrival: &Arrival, wait: Duration) -> Self {
        park::parked(arrival, wait)
    }

    /// A dead letter on its way back to the queue it comes from: untouched, but for one replay more.
    ///
    /// # Errors
    /// Where the letter names none of postern's queues.
    pub fn replay(letter: &Arrival) -> Result<Self, NoOrigin> {
        replay::replay(letter)
    }
}

/// Shows neither headers nor body: they may hold personal data.
impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Message")
            .field("exchange", &self.exchange)
            .field("routing_key", &self.routing_key)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// What AMQP says of a message that holds a CloudEvent, so that tools show it without reading it.
fn cloud_event(id: &str, event_type: &str, time: DateTime<Utc>) -> BasicProperties {
    let properties = BasicProperties::default()
        .with_content_type(short_string(names::CONTENT_TYPE))
        .with_message_id(short_string(id))
        .with_type(short_string(event_type));
    // AMQP counts whole seconds since 1970 and knows nothing before.
    match u64::try_from(time.timestamp()) {
        Ok(seconds) => properties.with_timestamp(seconds),
        Err(_) => properties,
    }
}

/// AMQP's short string, cut off where it would be too long (the client would panic).
pub(crate) fn short_string(text: &str) -> ShortString {
    prefix(text, MAX_SHORT_STRING_LENGTH).into()
}

/// The longest beginning of `text` of at most `bytes` bytes.
pub(crate) fn prefix(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
