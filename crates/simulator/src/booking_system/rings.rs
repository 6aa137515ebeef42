//! A ring at a door, and postern's answer to it.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::answer::RingAnswer;
use super::event::RingRequest;

/// A request to open a door.
#[derive(Clone, Serialize)]
pub(crate) struct DoorRing {
    /// The id of the event.
    pub(crate) id: String,
    /// By the machine's clock.
    pub(crate) rung_at: DateTime<Utc>,
    pub(crate) integration: String,
    pub(crate) booking: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) object: Option<String>,
    /// Null until it comes.
    pub(crate) answer: Option<RingAnswer>,
}

impl DoorRing {
    pub(super) fn new(id: &str, request: &RingRequest) -> Self {
        Self {
            id: id.to_owned(),
            rung_at: Utc::now(),
            integration: request.integration.clone(),
            booking: request.booking.clone(),
            object: request.object.clone(),
            answer: None,
        }
    }
}
