//! Step 7: publish the answer.

use events::Outbound;
use publisher::Message;

use crate::{
    broker::session_handle::{SessionHandle, Unpublished},
    failpoint,
    state::ledger::RecordedOutcome,
};

/// Publishes the outcome's events, for as long as the request may wait in its place. A redelivery publishes
/// the same events again: same ids, same content.
pub(super) async fn report(
    session: &SessionHandle,
    outcome: &RecordedOutcome,
) -> Result<(), Unpublished> {
    publish(session, &outcome.terminal).await?;
    failpoint::reach("after-report");
    if let Some(check_in) = &outcome.check_in {
        publish(session, check_in).await?;
        failpoint::reach("after-check-in");
    }
    Ok(())
}

async fn publish(session: &SessionHandle, event: &Outbound) -> Result<(), Unpublished> {
    match Message::event(event) {
        Ok(message) => session.publish_event(&message, event.rehearsal).await,
        // The ledger held it as JSON, so this does not happen. If it did, the broker would keep the message
        // until its delivery limit makes it a dead letter.
        Err(error) => {
            tracing::error!(%error, answer_id = %event.id, "an outcome cannot be published");
            Err(Unpublished::Abandoned)
        }
    }
}
