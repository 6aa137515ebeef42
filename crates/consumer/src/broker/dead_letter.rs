//! Making a dead letter: the message as it came, with the reason.

use chrono::Utc;
use events::DecodeError;
use publisher::{Arrival, DeadLetter, Message};

use super::{
    received::Received,
    session_handle::{Abandoned, SessionHandle},
};
use crate::{operator::metrics, state::store::StoreError};

/// The reason of messages that Redis refused again and again.
const RETRIES_EXHAUSTED: &str = "retries_exhausted";

/// Makes a dead letter of a message that is no event of its queue, and acknowledges the message.
pub(crate) async fn undecodable(
    session: &SessionHandle,
    received: &Received,
    error: &DecodeError,
) -> Result<(), Abandoned> {
    let why = DeadLetter { reason: error.code.as_str(), detail: &error.detail, attempts: 0 };
    make(session, &received.arrival, why).await?;
    session.acknowledge(&received.acker).await
}

/// Makes a dead letter of a message that Redis refused, and acknowledges the message.
pub(crate) async fn unstorable(
    session: &SessionHandle,
    received: &Received,
    error: &StoreError,
    attempts: u32,
) -> Result<(), Abandoned> {
    let detail = error.to_string();
    let why = DeadLetter { reason: RETRIES_EXHAUSTED, detail: &detail, attempts };
    make(session, &received.arrival, why).await?;
    session.acknowledge(&received.acker).await
}

/// Publishes a message to the dead letters until the broker has confirmed it.
pub(crate) async fn make(
    session: &SessionHandle,
    arrival: &Arrival,
    why: DeadLetter<'_>,
) -> Result<(), Abandoned> {
    session.enqueue(&Message::dead_letter(arrival, &why, Utc::now())).await?;
    metrics::dead_letter(why.reason);
    Ok(())
}
