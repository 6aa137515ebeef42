//! The CloudEvents envelope of an event that postern publishes.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use uuid::Uuid;

use super::answer::{CheckIn, OpenConfirmed, OpenFailed, OpenRejected, Opened, RequestRef};
use super::attention::{BookingAtRisk, IntegrationAttention, IqAttention};
use super::event_type::{OutboundType, REHEARSAL};
use crate::{names, timestamp};

/// A whole event. Serialises as a CloudEvent in structured mode, to the same bytes every time, also
/// after having been read back: what is kept in Redis is what is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outbound {
    /// The event's id. It is derived from the request, where one caused the event: see
    /// [`super::identity`].
    pub id: Uuid,
    /// The time of the event. Digits below a microsecond are not kept.
    pub time: DateTime<Utc>,
    /// The W3C trace context of the request.
    pub traceparent: Option<String>,
    /// Whether the event only reports what would have happened, because the integration rehearses. Its
    /// type and routing key then begin with `rehearsal.`, so that no reader mistakes it for the event
    /// itself.
    pub rehearsal: bool,
    /// The event's data.
    pub data: OutboundData,
}

/// The `data` of an event; each variant belongs to one [`OutboundType`].
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
    /// Salto's own record shows the opening.
    OpenConfirmed(OpenConfirmed),
    /// An IQ's activation changed state.
    IqAttention(IqAttention),
    /// Something that all doors of an integration depend on changed.
    IntegrationAttention(IntegrationAttention),
    /// A booking begins soon, and a door of it could not be opened now.
    BookingAtRisk(BookingAtRisk),
}

impl OutboundData {
    /// The type of the event with this data.
    #[must_use]
    pub const fn event_type(&self) -> OutboundType {
        match self {
            Self::Opened(_) => OutboundType::Opened,
            Self::CheckIn(_) => OutboundType::CheckIn,
            Self::OpenRejected(_) => OutboundType::OpenRejected,
            Self::OpenFailed(_) => OutboundType::OpenFailed,
            Self::OpenConfirmed(_) => OutboundType::OpenConfirmed,
            Self::IqAttention(_) => OutboundType::IqAttention,
            Self::IntegrationAttention(_) => OutboundType::IntegrationAttention,
            Self::BookingAtRisk(_) => OutboundType::BookingAtRisk,
        }
    }

    /// The request that the event is about, if it is about one.
    #[must_use]
    pub const fn request(&self) -> Option<&RequestRef> {
        match self {
            Self::Opened(data) => Some(&data.request),
            Self::CheckIn(data) => Some(&data.request),
            Self::OpenRejected(data) => Some(&data.request),
            Self::OpenFailed(data) => Some(&data.request),
            Self::OpenConfirmed(data) => Some(&data.request),
            Self::IqAttention(_) | Self::IntegrationAttention(_) | Self::BookingAtRisk(_) => None,
        }
    }

    fn read(event_type: OutboundType, data: Value) -> serde_json::Result<Self> {
        match event_type {
            OutboundType::Opened => Opened::deserialize(data).map(Self::Opened),
            OutboundType::CheckIn => CheckIn::deserialize(data).map(Self::CheckIn),
            OutboundType::OpenRejected => OpenRejected::deserialize(data).map(Self::OpenRejected),
            OutboundType::OpenFailed => OpenFailed::deserialize(data).map(Self::OpenFailed),
            OutboundType::OpenConfirmed => {
                OpenConfirmed::deserialize(data).map(Self::OpenConfirmed)
            }
            OutboundType::IqAttention => IqAttention::deserialize(data).map(Self::IqAttention),
            OutboundType::IntegrationAttention => {
                IntegrationAttention::deserialize(data).map(Self::IntegrationAttention)
            }
            OutboundType::BookingAtRisk => {
                BookingAtRisk::deserialize(data).map(Self::BookingAtRisk)
            }
        }
    }
}

impl Outbound {
    /// The event's `type`.
    #[must_use]
    pub fn event_type(&self) -> Cow<'static, str> {
        let event_type = self.data.event_type();
        if self.rehearsal { event_type.rehearsal().into() } else { event_type.code().into() }
    }

    /// The event's `subject`: the booking, the IQ, or the integration.
    #[must_use]
    pub fn subject(&self) -> &str {
        match &self.data {
            OutboundData::Opened(data) => &data.request.booking_id,
            OutboundData::CheckIn(data) => &data.request.booking_id,
            OutboundData::OpenRejected(data) => &data.request.booking_id,
            OutboundData::OpenFailed(data) => &data.request.booking_id,
            OutboundData::OpenConfirmed(data) => &data.request.booking_id,
            OutboundData::IqAttention(data) => &data.iq_id,
            OutboundData::IntegrationAttention(data) => &data.integration_id,
            OutboundData::BookingAtRisk(data) => &data.booking_id,
        }
    }

    /// The integration of the event.
    #[must_use]
    pub fn integration_id(&self) -> &str {
        match &self.data {
            OutboundData::Opened(data) => &data.request.integration_id,
            OutboundData::CheckIn(data) => &data.request.integration_id,
            OutboundData::OpenRejected(data) => &data.request.integration_id,
            OutboundData::OpenFailed(data) => &data.request.integration_id,
            OutboundData::OpenConfirmed(data) => &data.request.integration_id,
            OutboundData::IqAttention(data) => &data.integration_id,
            OutboundData::IntegrationAttention(data) => &data.integration_id,
            OutboundData::BookingAtRisk(data) => &data.integration_id,
        }
    }

    /// The routing key: the type without `.v1`, a dot, the integration.
    #[must_use]
    pub fn routing_key(&self) -> String {
        format!("{}.{}", names::routing_key(&self.event_type()), self.integration_id())
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

/// The members on the wire. `subject` follows from the data and is not read back.
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
        let rehearsed = event.r#type.strip_prefix(REHEARSAL);
        let event_type = OutboundType::from_code(rehearsed.unwrap_or(&event.r#type))
            .ok_or_else(|| D::Error::custom("a type that postern does not publish"))?;
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
