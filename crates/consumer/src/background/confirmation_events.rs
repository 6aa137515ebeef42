//! Publishing the confirmations of openings, and writing their audit lines.

use std::time::Duration;

use chrono::Utc;
use events::Outbound;
use publisher::Message;

use crate::{
    audit::AuditEntry,
    broker::session_handle::{Abandoned, SessionHandle, Unpublished},
    settings::AuditSink,
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
            () = worker.confirmed_events.notified() => {}
        }
    }
}

async fn publish_due(worker: &Worker, session: &SessionHandle) -> Result<(), Abandoned> {
    loop {
        let due = match worker.confirmed_events.take().await {
            Ok(due) => due,
            Err(error) => {
                tracing::debug!(%error, "an event outbox cannot be read");
                return Ok(());
            }
        };
        if due.is_empty() {
            return Ok(());
        }
        for record in due {
            publish_one(worker, session, &record).await?;
        }
    }
}

async fn publish_one(
    worker: &Worker,
    session: &SessionHandle,
    record: &[u8],
) -> Result<(), Abandoned> {
    let event = serde_json::from_slice::<Outbound>(record)
        .and_then(|event| Ok((Message::event(&event)?, event)));
    let (message, event) = match event {
        Ok(event) => event,
        // postern wrote the event, so this does not happen. It must not stop the other events.
        Err(error) => {
            tracing::error!(%error, "an event in an outbox is unreadable");
            return Ok(());
        }
    };
    let is_done = match session.publish_event(&message, event.rehearsal, None).await {
        Ok(()) => audit(worker, &event).await,
        Err(Unpublished::NoQueue) => false,
        Err(Unpublished::Abandoned) => return Err(Abandoned),
    };
    let outbox = &worker.confirmed_events;
    if is_done {
        if let Err(error) = outbox.remove(record).await {
            tracing::warn!(%error, "an event of an outbox may be published twice");
        }
        return Ok(());
    }
    // The event is due again after a while anyway.
    let age = (Utc::now() - event.time).to_std().unwrap_or_default();
    if let Err(error) = outbox.postpone(record, age).await {
        tracing::debug!(%error, "an event of an outbox is not postponed");
    }
    Ok(())
}

/// Writes the audit line. Whether it is written; where a worker ends afterwards, it is written twice, with one id.
async fn audit(worker: &Worker, event: &Outbound) -> bool {
    let line = AuditEntry::of_confirmation(event).map(|entry| serde_json::to_string(&entry));
    let Some(Ok(line)) = line else { return true };
    let written = match worker.audit.sink() {
        AuditSink::Off => return true,
        AuditSink::Redis => {
            worker.ledger.append_audit(&line).await.map_err(|error| error.to_string())
        }
        AuditSink::Directory(_) | AuditSink::Stdout => {
            worker.audit.write(&line).await.map_err(|error| error.to_string())
        }
    };
    if let Err(error) = &written {
        tracing::error!(error, "audit line not written, the confirmation waits");
    }
    written.is_ok()
}
