//! Why a message is refused: what it holds, or how it was published.

use crate::dead_letter_reason::DeadLetterReason;
use crate::inbound::DecodeError;
use crate::inbound::event::{Event, InboundData};

/// Why a message is refused before anything is done for it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}: {detail}")]
pub struct RefusedMessage {
    /// The reason of its dead letter.
    pub reason: DeadLetterReason,
    /// As of a [`DecodeError`].
    pub detail: String,
}

impl RefusedMessage {
    /// A message with a body of so many bytes, more than [`crate::limits::BODY`].
    #[must_use]
    pub fn body_too_large(bytes: u64) -> Self {
        DecodeError::body_too_large(bytes).into()
    }

    /// A request whose source and id were used before for another one. `first`: what that one is about, as
    /// JSON.
    #[must_use]
    pub fn id_conflict(first: &str) -> Self {
        let detail = format!(
            "a request with this source and id came before, about [integration, booking, object] \
             {first}; every request needs an id of its own"
        );
        Self { reason: DeadLetterReason::IdConflict, detail }
    }

    /// A message that was delivered so often without being settled.
    #[must_use]
    pub fn delivered_too_often(deliveries: u32) -> Self {
        let detail = format!("delivered {deliveries} times without being settled");
        Self { reason: DeadLetterReason::DeliveryLimit, detail }
    }
}

impl From<DecodeError> for RefusedMessage {
    fn from(error: DecodeError) -> Self {
        Self { reason: error.kind.into(), detail: error.detail }
    }
}

impl<T: InboundData> Event<T> {
    /// Checks that the routing key names the event's integration, so that the broker's permissions for
    /// routing keys decide who may act for which integration (`docs/contract.md`, Who may publish).
    ///
    /// # Errors
    ///
    /// `wrong_routing_key`, for any other key.
    pub fn check_routing_key(&self, routing_key: &str) -> Result<(), RefusedMessage> {
        if routing_key == self.strict_routing_key() {
            return Ok(());
        }
        let detail = format!(
            "the routing key must be `{}.` and the event's `integration_id`, because broker.routing \
             is \"strict\"",
            T::ROUTING_KEY
        );
        Err(RefusedMessage { reason: DeadLetterReason::WrongRoutingKey, detail })
    }
}
