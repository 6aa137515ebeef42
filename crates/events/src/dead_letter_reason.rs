//! The reasons of dead letters: the header `postern-reason` (`docs/contract.md`, RabbitMQ).

use rules::{FailedReason, coded_enum};

use crate::inbound::DecodeErrorKind;

coded_enum! {
    /// The reason of a dead letter.
    pub enum DeadLetterReason {
        /// The record in Redis that the message needs could not be used, several times.
        RetriesExhausted = "retries_exhausted",
        /// The routing key does not name the event's integration, where it must.
        WrongRoutingKey = "wrong_routing_key",
        /// The request has the id of an earlier one about another integration, booking or object.
        IdConflict = "id_conflict",
        /// The message expired in its queue, by its own expiration or by a policy, and the broker made
        /// the dead letter itself.
        Expired = "expired",
        /// The broker delivered the message too often without an acknowledgement. It made the dead letter
        /// itself; or postern did, where the message was parked between.
        DeliveryLimit = "delivery_limit",
        ..
        /// The message is not an event of its queue.
        Undecodable(DecodeErrorKind),
        /// The request failed; its event has the same reason.
        Failed(FailedReason),
    }
}

impl DeadLetterReason {
    /// Whether it is the reason of a failed request, which has an event as well.
    #[must_use]
    pub const fn is_failed_request(self) -> bool {
        matches!(self, Self::Failed(_))
    }

    /// The routing key of a dead letter: the queue of the message, and the reason as the last word.
    #[must_use]
    pub fn routing_key(self, queue: &str) -> String {
        format!("{queue}.{}", self.code())
    }
}

impl From<DecodeErrorKind> for DeadLetterReason {
    fn from(kind: DecodeErrorKind) -> Self {
        Self::Undecodable(kind)
    }
}

impl From<FailedReason> for DeadLetterReason {
    fn from(reason: FailedReason) -> Self {
        Self::Failed(reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_code_of_its_own_and_is_read_back() {
        for reason in DeadLetterReason::ALL {
            assert_eq!(DeadLetterReason::from_code(reason.code()), Some(*reason));
        }
        assert_eq!(DeadLetterReason::from_code("too_early"), None);
    }

    #[test]
    fn a_reason_is_one_word_of_a_routing_key() {
        for reason in DeadLetterReason::ALL {
            let key = reason.routing_key("postern.open-requests");
            assert_eq!(key.rsplit_once('.'), Some(("postern.open-requests", reason.code())));
            assert!(key.len() <= 255);
        }
    }

    #[test]
    fn the_list_has_the_reasons_of_the_other_lists() {
        let all = DeadLetterReason::ALL;
        assert!(DecodeErrorKind::ALL.iter().all(|kind| all.contains(&(*kind).into())));
        assert!(FailedReason::ALL.iter().all(|reason| all.contains(&(*reason).into())));
    }
}
