//! Publishing the events of the IQ event outbox.

use std::time::Duration;

use events::Outbound;
use publisher::Message;

use crate::{
    broker::session_handle::{Abandoned, SessionHandle, Unpublished},
    worker::Worker,
};

/// How often to look for events that another worker left.
const EVERY: Duration = Duration::from_secs(2);

/// Publishes the events in the outbox, and later ones, until the session ends.
pub(crate) async fn publish(worker: &Worker, session: &SessionHandle) -> Abandoned {
    loop {
        if publish_due(worker, session).await == Err(Abandoned) {
            return Abandoned;
        }
        tokio::select! {
            ended = session.wait(EVERY) => if ended.is_err() { return Abandoned },
            () = worker.iq_events.notified() => {}
        }
    }
}

async fn publish_due(worker: &Worker, session: &SessionHandle) -> Result<(), Abandoned> {
    loop {
        let due = match worker.iq_events.take().await {
            Ok(due) => due,
            Err(error) => {
                tracing::debug!(%error, "the IQ event outbox cannot be read");
                return Ok(());
            }
        };
        if due.is_empty() {
            return Ok(());
        }
        publish_events(worker, session, due).await?;
    }
}

async fn publish_events(
    worker: &Worker,
    session: &SessionHandle,
    due: Vec<Vec<u8>>,
) -> Result<(), Abandoned> {
    for record in due {
        let event = serde_json::from_slice::<Outbound>(&record)
            .and_then(|event| Ok((event.rehearsal, Message::event(&event)?)));
        let (rehearsal, message) = match event {
            Ok(event) => event,
            // postern wrote the event, so this does not happen. It must not stop the other events.
            Err(error) => {
                tracing::error!(%error, "an event in the IQ event outbox is unreadable");
                continue;
            }
        };
        match session.publish_event(&message, rehearsal, None).await {
            Ok(()) => {}
            // The event is due again after a while.
            Err(Unpublished::NoQueue) => continue,
            Err(Unpublished::Abandoned) => return Err(Abandoned),
        }
        if let Err(error) = worker.iq_events.remove(&record).await {
            tracing::warn!(%error, "an event about an IQ may be published twice");
        }
    }
    Ok(())
}
