//! What happens to an IQ's activation.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema::values;

/// An IQ's activation changed state. Once per change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IqAttention {
    /// The customer's connection to Salto.
    #[schemars(schema_with = "values::integration_id")]
    pub integration_id: String,
    /// The IQ.
    #[schemars(schema_with = "values::words")]
    pub iq_id: String,
    /// The state it is in now.
    pub state: IqState,
    /// What that means, in plain words.
    #[schemars(schema_with = "values::words")]
    pub detail: String,
}

/// State of an IQ's activation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IqState {
    /// It works, but not as it should.
    Degraded,
    /// Salto has blocked it for a while.
    Blocked,
    /// Its secret and PIN no longer count; somebody must activate it again.
    ReactivationRequired,
    /// It is activated and doors can be opened.
    Activated,
}
