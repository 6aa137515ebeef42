//! The data of notices: changes of state that an operator must know.

use chrono::{DateTime, Utc};
use rules::{RiskReason, coded_enum};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{member_schema, timestamp};

/// An IQ's activation changed state. Published once per change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IqAttention {
    /// The customer's connection to Salto.
    #[schemars(schema_with = "member_schema::integration_id")]
    pub integration_id: String,
    /// The IQ.
    #[schemars(schema_with = "member_schema::text")]
    pub iq_id: String,
    /// The new state.
    pub state: IqState,
    /// An explanation of the state, for people.
    #[schemars(schema_with = "member_schema::text")]
    pub detail: String,
}

coded_enum! {
    /// State of an IQ's activation.
    #[derive(JsonSchema)]
    pub enum IqState {
        /// Three OTPs in a row were rejected.
        Degraded = "degraded",
        /// Salto has blocked the system user at the IQ for a while.
        Blocked = "blocked",
        /// The stored secret and PIN are no longer valid: the IQ must be activated again.
        ReactivationRequired = "reactivation_required",
        /// It is activated and doors can be opened.
        Activated = "activated",
    }
}

/// Something that all doors of an integration depend on changed. Published once per change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IntegrationAttention {
    /// The customer's connection to Salto.
    #[schemars(schema_with = "member_schema::integration_id")]
    pub integration_id: String,
    /// The new state.
    pub state: IntegrationState,
    /// An explanation of the state, for people.
    #[schemars(schema_with = "member_schema::text")]
    pub detail: String,
    /// When the state was first seen.
    #[serde(with = "timestamp")]
    #[schemars(schema_with = "member_schema::time")]
    pub since: DateTime<Utc>,
}

coded_enum! {
    /// State of what all doors of an integration depend on.
    #[derive(JsonSchema)]
    pub enum IntegrationState {
        /// Salto refuses the account, the client or the token.
        CredentialsRejected = "credentials_rejected",
        /// The system user's own seat is suspended.
        UserSuspended = "user_suspended",
        /// The system user is blocked at the site.
        UserBlocked = "user_blocked",
        /// The system user may not open doors remotely.
        RemoteAccessOff = "remote_access_off",
        /// Salto gives no usable answer.
        SaltoUnavailable = "salto_unavailable",
        /// None of these.
        Ok = "ok",
    }
}

/// A booking begins soon, and a door of it could not be opened now. Published once per booking and set of
/// reasons, and once more without reasons when it could.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BookingAtRisk {
    /// The customer's connection to Salto.
    #[schemars(schema_with = "member_schema::integration_id")]
    pub integration_id: String,
    /// The booking.
    #[schemars(schema_with = "member_schema::id")]
    pub booking_id: String,
    /// The objects of the booking.
    #[schemars(schema_with = "member_schema::objects")]
    pub object_ids: Vec<String>,
    /// The beginning of the booked time.
    #[serde(with = "timestamp")]
    #[schemars(schema_with = "member_schema::time")]
    pub starts_at: DateTime<Utc>,
    /// Why doors of the booking could not be opened; empty where all could.
    pub reasons: Vec<DoorRisk>,
}

/// Why one door of a booking could not be opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DoorRisk {
    /// The object of the booking, or a shared door that comes with one.
    #[schemars(schema_with = "member_schema::id")]
    pub object_id: String,
    /// The lock, where one is mapped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "member_schema::uuid")]
    pub lock_id: Option<Uuid>,
    /// The IQ that reaches the lock, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "member_schema::text")]
    pub iq_id: Option<String>,
    /// The reason.
    #[schemars(schema_with = "member_schema::risk_reason")]
    pub reason: RiskReason,
    /// An explanation of the reason, for people.
    #[schemars(schema_with = "member_schema::text")]
    pub detail: String,
}
