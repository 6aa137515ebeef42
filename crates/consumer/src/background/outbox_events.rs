//! Publishing the events of an outbox.

use std::time::Duration;

use chrono::Utc;
use events::Outbound;
use publisher::Message;

use crate::{
    broker::session_handle::{Abandoned, SessionHandle, Unpublished},
    state::event_outbox::EventOutbox,
};

/// How often to look for events that another worker left.
const EVERY: Duration = Duration::from_secs(2);

/// Publishes the events in the outbox, and later ones, until the session ends.
pub(crate) async fn publish(outbox: &EventOutbox, session: &SessionHandle) -> Abandoned {
    loop {
        if publish_due(outbox, session).await == Err(Abandoned) {
            return Abandoned;
        }
        tokio::select! {
            ended = session.wait(EVERY) => if ended.is_err() { return Abandoned },
            () = outbox.notified() => {}
        }
    }
}

async fn publish_due(outbox: &EventOutbox, session: &SessionHandle) -> Result<(), Abandoned> {
    loop {
        let due = match outbox.take().await {
            Ok(due) => due,
            Err(error) => {
                tracing::debug!(%error, "an event outbox cannot be read");
                return Ok(());
            }
        };
        if due.is_empty() {
            return Ok(());
        }
        publish_events(outbox, session, due).await?;
    }
}

async fn publish_events(
    outbox: &EventOutbox,
    session: &SessionHandle,
    due: Vec<Vec<u8>>,
) -> Result<(), Abandoned> {
    for record in due {
        let event = serde_json::from_slice::<Outbound>(&record)
            .and_then(|event| Ok((event.time, event.rehearsal, Message::event(&event)?)));
        let (time, rehearsal, message) = match event {
            Ok(event) => event,
            // postern wrote the event, so this does not happen. It must not stop the other events.
            Err(error) => {
                tracing::error!(%error, "an event in an outbox is unreadable");
                continue;
            }
        };
        match session.publish_event(&message, rehearsal, None).await {
            Ok(()) => {}
            // The event is due again after a while anyway.
            Err(Unpublished::NoQueue) => {
                let age = (Utc::now() - time).to_std().unwrap_or_default();
                if let Err(error) = outbox.postpone(&record, age).await {
                    tracing::debug!(%error, "an event of an outbox is not postponed");
                }
                continue;
            }
            Err(Unpublished::Abandoned) => return Err(Abandoned),
        }
        if let Err(error) = outbox.remove(&record).await {
            tracing::warn!(%error, "an event of an outbox may be published twice");
        }
    }
    Ok(())
}
