//! Making a dead letter: the message as it came, with the reason.

use chrono::Utc;
use events::{DeadLetterReason, RefusedMessage};
use publisher::{DeadLetter, Message, ReceivedMessage};

use super::{
    delivery::Delivery,
    session_handle::{Abandoned, SessionHandle},
};
use crate::{operator::metrics, state::store::RecordError};

/// Makes a dead letter of a message that is refused, and acknowledges the message. Where the body was not
/// read, the broker makes it, at least once as well, and keeps the whole body.
pub(crate) async fn refused(
    session: &SessionHandle,
    delivery: &Delivery,
    refused: &RefusedMessage,
) -> Result<(), Abandoned> {
    if delivery.message.body_left_out().is_some() {
        session.reject(&delivery.acker).await?;
        metrics::dead_letter(refused.reason);
        return Ok(());
    }
    let why =
        DeadLetter { reason: refused.reason, detail: &refused.detail, attempts: 0, answer: None };
    make(session, &delivery.message, why).await?;
    session.acknowledge(&delivery.acker).await
}

/// Makes a dead letter of a message whose record in Redis cannot be used, and acknowledges the message.
pub(crate) async fn unstorable(
    session: &SessionHandle,
    delivery: &Delivery,
    error: &RecordError,
    attempts: u32,
) -> Result<(), Abandoned> {
    let detail = error.to_string();
    let reason = DeadLetterReason::RetriesExhausted;
    let why = DeadLetter { reason, detail: &detail, attempts, answer: None };
    make(session, &delivery.message, why).await?;
    session.acknowledge(&delivery.acker).await
}

/// Publishes a message to the dead letters until the broker has confirmed it.
pub(crate) async fn make(
    session: &SessionHandle,
    message: &ReceivedMessage,
    why: DeadLetter<'_>,
) -> Result<(), Abandoned> {
    session.enqueue(Message::dead_letter(message, &why, Utc::now())).await?;
    metrics::dead_letter(why.reason);
    Ok(())
}
