//! Step 6: tell the booking system what came of the request.

use events::Outbound;
use publisher::Message;

use crate::{
    failpoint,
    ledger::Known,
    line::{Line, Unpublished},
};

/// Publishes the outcome's events, for as long as they may hold a place. Publishing them again after
/// a redelivery says the same once more: same ids, same content.
pub(crate) async fn report(line: &Line, known: &Known) -> Result<(), Unpublished> {
    publish(line, &known.terminal).await?;
    failpoint::reach("after-report");
    if let Some(check_in) = &known.check_in {
        publish(line, check_in).await?;
        failpoint::reach("after-check-in");
    }
    Ok(())
}

async fn publish(line: &Line, event: &Outbound) -> Result<(), Unpublished> {
    match Message::event(event) {
        Ok(message) => line.offer(&message, event.rehearsal).await,
        // It came out of the ledger as JSON, so this does not happen; and if it does, the broker
        // keeps the message until its delivery limit makes it a dead letter.
        Err(error) => {
            tracing::error!(%error, event_id = %event.id, "an outcome cannot be published");
            Err(Unpublished::LetGo)
        }
    }
}
