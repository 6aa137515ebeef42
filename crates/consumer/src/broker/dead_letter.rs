//! Making a dead letter: the message as it came, with the reason.

use std::time::Duration;

use chrono::Utc;
use events::{DeadLetterReason, RefusedMessage};
use publisher::{DeadLetter, Message, ReceivedMessage};

use super::{
    delivery::Delivery,
    park::{park, park_after_record_failure},
    session_handle::{Abandoned, SessionHandle, Unpublished},
    wait_reason::WaitReason,
};
use crate::{operator::metrics, state::store::RecordError};

/// How long a message is parked whose dead letter is not taken: their queue may be full, by a policy.
pub(crate) const PARKED_WITHOUT_DEAD_LETTER: Duration = Duration::from_secs(16);

/// Waits between attempts at a record that cannot be used: over minutes, so that an operator's repair, or
/// a replica that catches up, comes in time (docs/contract.md, Retries of storing).
const RECORD_DELAYS: [Duration; 4] = [
    Duration::from_secs(4),
    Duration::from_secs(16),
    Duration::from_secs(64),
    Duration::from_secs(64),
];

/// What became of a message that cannot be handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disposal {
    /// It is a dead letter.
    DeadLetter,
    /// It is parked, and handled again later.
    Parked,
}

/// Makes a dead letter of a message that is refused, and acknowledges the message. Where the body was not
/// read, the broker makes it, at least once as well, and keeps the whole body.
pub(crate) async fn refused(
    session: &SessionHandle,
    delivery: &Delivery,
    refused: &RefusedMessage,
) -> Result<Disposal, Abandoned> {
    if delivery.message.body_left_out().is_some() {
        session.reject(&delivery.acker).await?;
        metrics::dead_letter(refused.reason);
        return Ok(Disposal::DeadLetter);
    }
    let why =
        DeadLetter { reason: refused.reason, detail: &refused.detail, attempts: 0, answer: None };
    dispose(session, delivery, why).await
}

/// Parks a message whose record in Redis cannot be used; after five times, makes a dead letter of it. The
/// count is in the message, so that it waits without a place.
pub(crate) async fn unstorable(
    session: &SessionHandle,
    delivery: &Delivery,
    error: &RecordError,
) -> Result<Disposal, Abandoned> {
    let failures = delivery.message.record_failures();
    let index = usize::try_from(failures).unwrap_or(usize::MAX);
    if let Some(wait) = RECORD_DELAYS.get(index) {
        tracing::warn!(%error, failures, delay_s = wait.as_secs(), "record not usable");
        park_after_record_failure(session, delivery, *wait).await?;
        return Ok(Disposal::Parked);
    }
    tracing::error!(%error, failures, "record not usable, giving up");
    let detail = error.to_string();
    let reason = DeadLetterReason::RetriesExhausted;
    let attempts = failures.saturating_add(1);
    dispose(session, delivery, DeadLetter { reason, detail: &detail, attempts, answer: None }).await
}

async fn dispose(
    session: &SessionHandle,
    delivery: &Delivery,
    why: DeadLetter<'_>,
) -> Result<Disposal, Abandoned> {
    match make(session, &delivery.message, why).await {
        Ok(()) => {
            session.acknowledge(&delivery.acker).await?;
            Ok(Disposal::DeadLetter)
        }
        Err(Unpublished::NoQueue) => {
            let wait = PARKED_WITHOUT_DEAD_LETTER;
            park(session, delivery, wait, WaitReason::DeadLetterQueue).await?;
            Ok(Disposal::Parked)
        }
        Err(Unpublished::Abandoned) => Err(Abandoned),
    }
}

/// Publishes a message to the dead letters, until the broker has confirmed it or has refused it again.
pub(crate) async fn make(
    session: &SessionHandle,
    message: &ReceivedMessage,
    why: DeadLetter<'_>,
) -> Result<(), Unpublished> {
    session.enqueue_dead_letter(Message::dead_letter(message, &why, Utc::now())).await?;
    metrics::dead_letter(why.reason);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_attempts_at_a_record_are_spread_over_minutes() {
        assert_eq!(RECORD_DELAYS.len(), 4);
        let all: Duration = RECORD_DELAYS.iter().sum();
        assert!(all >= Duration::from_secs(120), "{all:?}");
    }
}
