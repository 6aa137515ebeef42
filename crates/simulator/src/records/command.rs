//! A command to open a lock, and its result.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};
use uuid::Uuid;

use super::timestamp::micros;
use crate::faults::FaultKind;
use crate::wire::Refusal;

/// A command to open, recorded whatever its result.
#[derive(Clone, Serialize)]
pub(crate) struct Command {
    /// By the machine's clock.
    #[serde(serialize_with = "micros")]
    pub(crate) received_at: DateTime<Utc>,
    /// The lock in the path, if it is a UUID.
    pub(crate) lock_id: Option<Uuid>,
    /// The name of the door, if the lock exists.
    pub(crate) lock: Option<Arc<str>>,
    /// The IQ of the lock, if the lock exists.
    pub(crate) iq_id: Option<Uuid>,
    /// The user, if the token was valid.
    pub(crate) username: Option<Arc<str>>,
    #[serde(rename = "verdict")]
    pub(crate) result: CommandResult,
    /// The status on the wire; none where a fault prevented an answer.
    pub(crate) status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fault: Option<FaultKind>,
}

/// The result of a command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum CommandResult {
    Opened,
    Refused(Refusal),
    /// A fault prevented the command from being carried out.
    Fault,
}

impl Serialize for CommandResult {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Opened => serializer.serialize_str("opened"),
            Self::Refused(refusal) => refusal.serialize(serializer),
            Self::Fault => serializer.serialize_str("fault"),
        }
    }
}
