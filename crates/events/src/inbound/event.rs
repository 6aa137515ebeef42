//! The CloudEvents envelope of an event from the booking system.

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};

use crate::{names, timestamp};

/// An event from the booking system. Serialises as a CloudEvent in structured mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event<T> {
    /// The event's id, unique together with `source`.
    pub id: String,
    /// The sender.
    pub source: String,
    /// The time of the event, by the sender's clock.
    pub time: DateTime<Utc>,
    /// The W3C trace context of its cause; always a valid one.
    pub traceparent: Option<String>,
    /// The event's data.
    pub data: T,
}

/// The data of an event from the booking system.
pub trait InboundData: Serialize {
    /// The event's `type`.
    const EVENT_TYPE: &str;
    /// The routing key with which it is published; a suffix may follow.
    const ROUTING_KEY: &str;

    /// The integration that it is about.
    fn integration_id(&self) -> &str;
}

impl<T: InboundData> Serialize for Event<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct CloudEvent<'a, T> {
            specversion: &'a str,
            id: &'a str,
            source: &'a str,
            r#type: &'a str,
            #[serde(serialize_with = "timestamp::serialize")]
            time: DateTime<Utc>,
            datacontenttype: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            traceparent: Option<&'a str>,
            data: &'a T,
        }
        CloudEvent {
            specversion: names::SPEC_VERSION,
            id: &self.id,
            source: &self.source,
            r#type: T::EVENT_TYPE,
            time: self.time,
            datacontenttype: names::DATA_CONTENT_TYPE,
            traceparent: self.traceparent.as_deref(),
            data: &self.data,
        }
        .serialize(serializer)
    }
}

impl<T: InboundData> Event<T> {
    /// The routing key that names the event's integration.
    #[must_use]
    pub fn strict_routing_key(&self) -> String {
        format!("{}.{}", T::ROUTING_KEY, self.data.integration_id())
    }

    /// The message body.
    ///
    /// # Errors
    ///
    /// Where a time is outside the years 0 to 9999.
    pub fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(self)
    }
}
