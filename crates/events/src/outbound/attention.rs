//! The data of notices: changes of state that an operator must know.

use rules::coded_enum;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::member_schema;

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
