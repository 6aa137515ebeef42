//! The events postern publishes.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::Uuid;

use crate::answer::{CheckIn, OpenFailed, OpenRejected, Opened};
use crate::attention::IqAttention;
use crate::{names, timestamp};

/// A whole event. Serialises as a CloudEvent in structured mode, to the same bytes every time, also
/// after having been read back: what is kept in Redis is what is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outbound {
    /// See [`crate::identity`]: derived wherever a request caused the event.
    pub id: Uuid,
    /// When it came about. Digits below a microsecond are not kept.
    pub time: DateTime<Utc>,
    /// W3C trace context of the request.
    pub traceparent: Option<String>,
    /// What it says.
    pub data: OutboundData,
}

/// What postern has to say; `type` and `data` of the event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data")]
pub enum OutboundData {
    /// The door opened.
    #[serde(rename = "lock.opened.v1")]
    Opened(Opened),
    /// The booking's first opening.
    #[serde(rename = "booking.check-in.v1")]
    CheckIn(CheckIn),
    /// The rules say no.
    #[serde(rename = "lock.open-rejected.v1")]
    OpenRejected(OpenRejected),
    /// The door could not be opened.
    #[serde(rename = "lock.open-failed.v1")]
    OpenFailed(OpenFailed),
    /// An IQ's activation changed state.
    #[serde(rename = "iq.attention.v1")]
    IqAttention(IqAttention),
}

impl Outbound {
    /// The event's `type`.
    #[must_use]
    pub const fn event_type(&self) -> &'static str {
        match &self.data {
            OutboundData::Opened(_) => names::OPENED,
            OutboundData::CheckIn(_) => names::CHECK_IN,
            OutboundData::OpenRejected(_) => names::OPEN_REJECTED,
            OutboundData::OpenFailed(_) => names::OPEN_FAILED,
            OutboundData::IqAttention(_) => names::IQ_ATTENTION,
        }
    }

    /// The event's `subject`: the booking, or the IQ.
    #[must_use]
    pub fn subject(&self) -> &str {
        match &self.data {
            OutboundData::Opened(data) => &data.request.booking_id,
            OutboundData::CheckIn(data) => &data.request.booking_id,
            OutboundData::OpenRejected(data) => &data.request.booking_id,
            OutboundData::OpenFailed(data) => &data.request.booking_id,
            OutboundData::IqAttention(data) => &data.iq_id,
        }
    }

    /// Whose event it is.
    #[must_use]
    pub fn integration_id(&self) -> &str {
        match &self.data {
            OutboundData::Opened(data) => &data.request.integration_id,
            OutboundData::CheckIn(data) => &data.request.integration_id,
            OutboundData::OpenRejected(data) => &data.request.integration_id,
            OutboundData::OpenFailed(data) => &data.request.integration_id,
            OutboundData::IqAttention(data) => &data.integration_id,
        }
    }

    /// The key it is published with: its type without `.v1`, a dot, its integration.
    #[must_use]
    pub fn routing_key(&self) -> String {
        format!("{}.{}", names::routing_key(self.event_type()), self.integration_id())
    }

    /// The message body.
    ///
    /// # Errors
    ///
    /// Where a time falls outside the years 0 to 9999.
    pub fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(self)
    }
}

/// `subject` follows from the data and is not read back.
#[derive(Serialize, Deserialize)]
struct CloudEvent<S, D> {
    specversion: S,
    id: Uuid,
    source: S,
    #[serde(default, skip_deserializing)]
    subject: S,
    #[serde(with = "timestamp")]
    time: DateTime<Utc>,
    datacontenttype: S,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    traceparent: Option<S>,
    #[serde(flatten)]
    data: D,
}

impl Serialize for Outbound {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        CloudEvent {
            specversion: names::SPEC_VERSION,
            id: self.id,
            source: names::SOURCE,
            subject: self.subject(),
            time: self.time,
            datacontenttype: names::DATA_CONTENT_TYPE,
            traceparent: self.traceparent.as_deref(),
            data: &self.data,
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Outbound {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let event = CloudEvent::<String, OutboundData>::deserialize(deserializer)?;
        if event.specversion != names::SPEC_VERSION || event.source != names::SOURCE {
            return Err(de::Error::custom("not an event of postern"));
        }
        Ok(Self {
            id: event.id,
            time: event.time,
            traceparent: event.traceparent,
            data: event.data,
        })
    }
}
