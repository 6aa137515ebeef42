//! The data of the answers to an open request.

use chrono::{DateTime, Utc};
use rules::{FailedClass, FailedReason, RejectedReason, coded_enum};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::inbound::event::Event;
use crate::inbound::open_request::OpenRequest;
use crate::member_schema;
use crate::timestamp;

/// The request that an event answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RequestRef {
    /// The customer's connection to Salto.
    #[schemars(schema_with = "member_schema::integration_id")]
    pub integration_id: String,
    /// The booking.
    #[schemars(schema_with = "member_schema::id")]
    pub booking_id: String,
    /// The request's reference to the person who asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "member_schema::reference")]
    pub requested_by: Option<String>,
    /// `id` of the request.
    #[schemars(schema_with = "member_schema::id")]
    pub request_id: String,
    /// `source` of the request.
    #[schemars(schema_with = "member_schema::source")]
    pub request_source: String,
}

impl From<&Event<OpenRequest>> for RequestRef {
    fn from(event: &Event<OpenRequest>) -> Self {
        Self {
            integration_id: event.data.integration_id.clone(),
            booking_id: event.data.booking_id.clone(),
            requested_by: event.data.requested_by.clone(),
            request_id: event.id.clone(),
            request_source: event.source.clone(),
        }
    }
}

/// Salto accepted the open command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Opened {
    /// The request.
    #[serde(flatten)]
    pub request: RequestRef,
    /// The object whose door opened.
    #[schemars(schema_with = "member_schema::id")]
    pub object_id: String,
    /// The lock.
    #[schemars(schema_with = "member_schema::uuid")]
    pub lock_id: Uuid,
    /// The IQ that reaches the lock.
    #[schemars(schema_with = "member_schema::text")]
    pub iq_id: String,
    /// When Salto accepted the command.
    #[serde(with = "timestamp")]
    #[schemars(schema_with = "member_schema::time")]
    pub opened_at: DateTime<Utc>,
    /// The booking field in which the booking system is to record the open time, where one is
    /// configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "member_schema::text")]
    pub record_in_field: Option<String>,
    /// Commands written to Salto for this request, by all replicas.
    #[schemars(schema_with = "member_schema::attempts")]
    pub attempts: u32,
}

/// The first opening of a booking, where a check-in status is configured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CheckIn {
    /// The request.
    #[serde(flatten)]
    pub request: RequestRef,
    /// The status that the booking is to get.
    #[schemars(schema_with = "member_schema::text")]
    pub status: String,
    /// When Salto accepted the command.
    #[serde(with = "timestamp")]
    #[schemars(schema_with = "member_schema::time")]
    pub opened_at: DateTime<Utc>,
}

/// The rules say no; no command took effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OpenRejected {
    /// The request.
    #[serde(flatten)]
    pub request: RequestRef,
    /// The reason.
    #[schemars(schema_with = "member_schema::rejected_reason")]
    pub reason: RejectedReason,
    /// An explanation of the reason, for people.
    #[schemars(schema_with = "member_schema::text")]
    pub detail: String,
    /// With `too_early`: the first instant at which the door may open.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "timestamp::optional")]
    #[schemars(schema_with = "member_schema::time")]
    pub opens_at: Option<DateTime<Utc>>,
    /// Commands written to Salto for this request, by all replicas.
    #[schemars(schema_with = "member_schema::attempts")]
    pub attempts: u32,
}

/// The rules said yes and the door could not be opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OpenFailed {
    /// The request.
    #[serde(flatten)]
    pub request: RequestRef,
    /// The reason.
    #[schemars(schema_with = "member_schema::failed_reason")]
    pub reason: FailedReason,
    /// All that a guest needs to be told: whether another request may succeed, or an operator must
    /// act first.
    #[schemars(schema_with = "member_schema::failed_class")]
    pub class: FailedClass,
    /// An explanation of the reason, for people.
    #[schemars(schema_with = "member_schema::text")]
    pub detail: String,
    /// Commands written to Salto for this request, by all replicas.
    #[schemars(schema_with = "member_schema::attempts")]
    pub attempts: u32,
    /// The lock, where the rules determined it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "member_schema::uuid")]
    pub lock_id: Option<Uuid>,
    /// The IQ that reaches the lock, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "member_schema::text")]
    pub iq_id: Option<String>,
}

/// Salto's own record shows the opening.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OpenConfirmed {
    /// The request.
    #[serde(flatten)]
    pub request: RequestRef,
    /// The object whose door opened.
    #[schemars(schema_with = "member_schema::id")]
    pub object_id: String,
    /// The lock.
    #[schemars(schema_with = "member_schema::uuid")]
    pub lock_id: Uuid,
    /// The IQ that reaches the lock.
    #[schemars(schema_with = "member_schema::text")]
    pub iq_id: String,
    /// When the lock opened, by Salto's record: whole seconds of Salto's clock.
    #[serde(with = "timestamp")]
    #[schemars(schema_with = "member_schema::time")]
    pub opened_at: DateTime<Utc>,
    /// When postern saw the record.
    #[serde(with = "timestamp")]
    #[schemars(schema_with = "member_schema::time")]
    pub seen_at: DateTime<Utc>,
    /// Where postern saw the record.
    pub seen_in: ConfirmationSource,
}

coded_enum! {
    /// Where postern sees Salto's records of openings.
    #[derive(JsonSchema)]
    pub enum ConfirmationSource {
        /// Salto's event stream.
        Stream = "stream",
        /// Salto's log of entries.
        Entries = "entries",
    }
}
