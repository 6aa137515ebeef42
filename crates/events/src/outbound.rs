//! The events postern publishes.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
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
    /// Whether it only tells what would have happened: the integration rehearses. Type and routing key
    /// then begin with `rehearsal.`, so that nobody takes it for the event it is not, not even who
    /// never heard of rehearsals.
    pub rehearsal: bool,
    /// What it says.
    pub data: OutboundData,
}

/// What postern has to say: `data` of the event, and by its kind `type`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum OutboundData {
    /// The door opened.
    Opened(Opened),
    /// The booking's first opening.
    CheckIn(CheckIn),
    /// The rules say no.
    OpenRejected(OpenRejected),
    /// The door could not be opened.
    OpenFailed(OpenFailed),
    /// An IQ's activation changed state.
    IqAttention(IqAttention),
}

impl OutboundData {
    /// The `type` of the event that says it, where it is no rehearsal.
    #[must_use]
    pub const fn event_type(&self) -> &'static str {
        match self {
            Self::Opened(_) => names::OPENED,
            Self::CheckIn(_) => names::CHECK_IN,
            Self::OpenRejected(_) => names::OPEN_REJECTED,
            Self::OpenFailed(_) => names::OPEN_FAILED,
            Self::IqAttention(_) => names::IQ_ATTENTION,
        }
    }

    fn read(event_type: &str, data: Value) -> serde_json::Result<Self> {
        match event_type {
            names::OPENED => Opened::deserialize(data).map(Self::Opened),
            names::CHECK_IN => CheckIn::deserialize(data).map(Self::CheckIn),
            names::OPEN_REJECTED => OpenRejected::deserialize(data).map(Self::OpenRejected),
            names::OPEN_FAILED => OpenFailed::deserialize(data).map(Self::OpenFailed),
            names::IQ_ATTENTION => IqAttention::deserialize(data).map(Self::IqAttention),
            _ => Err(serde_json::Error::custom("a type that postern does not publish")),
        }
    }
}

impl Outbound {
    /// The event's `type`.
    #[must_use]
    pub fn event_type(&self) -> Cow<'static, str> {
        let event_type = self.data.event_type();
        if self.rehearsal { names::rehearsal(event_type).into() } else { event_type.into() }
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
        format!("{}.{}", names::routing_key(&self.event_type()), self.integration_id())
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
    r#type: S,
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
            r#type: &self.event_type(),
            data: &self.data,
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Outbound {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let event = CloudEvent::<String, Value>::deserialize(deserializer)?;
        if event.specversion != names::SPEC_VERSION || event.source != names::SOURCE {
            return Err(D::Error::custom("not an event of postern"));
        }
        let rehearsed = event.r#type.strip_prefix(names::REHEARSAL);
        let event_type = rehearsed.unwrap_or(&event.r#type);
        let data = OutboundData::read(event_type, event.data).map_err(D::Error::custom)?;
        Ok(Self {
            id: event.id,
            time: event.time,
            traceparent: event.traceparent,
            rehearsal: rehearsed.is_some(),
            data,
        })
    }
}
