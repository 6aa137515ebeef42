//! Publishing the notices of the outbox.

use std::{collections::HashSet, time::Duration};

use chrono::Utc;
use events::Outbound;
use publisher::Message;

use crate::{
    broker::session_handle::{Abandoned, SessionHandle, Unpublished},
    failpoint,
    operator::metrics,
    worker::Worker,
};

/// How often to look for notices that another worker left.
const EVERY: Duration = Duration::from_secs(2);

/// A notice that no queue takes is offered again once it is twice as old, within these limits.
const OFFERED_AGAIN: (Duration, Duration) = (Duration::from_secs(7), Duration::from_secs(300));

/// A notice that no queue has taken for so long is given up.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(24 * 3600);

/// Publishes the notices in the outbox, and later ones, until the session ends.
pub(crate) async fn publish(worker: &Worker, session: &SessionHandle) -> Abandoned {
    loop {
        if publish_due(worker, session).await == Err(Abandoned) {
            return Abandoned;
        }
        tokio::select! {
            ended = session.wait(EVERY) => if ended.is_err() { return Abandoned },
            () = worker.notices.notified() => {}
        }
    }
}

async fn publish_due(worker: &Worker, session: &SessionHandle) -> Result<(), Abandoned> {
    let mut publishing = Publishing { worker, session, unrouted: HashSet::new() };
    loop {
        let due = match worker.notices.take().await {
            Ok(due) => due,
            Err(error) => {
                tracing::debug!(%error, "the outbox of notices cannot be read");
                return Ok(());
            }
        };
        if due.is_empty() {
            return Ok(());
        }
        for record in due {
            publishing.publish(&record).await?;
        }
    }
}

/// The publishing of all notices that are due.
struct Publishing<'a> {
    worker: &'a Worker,
    session: &'a SessionHandle,
    /// Routing keys that no queue has taken: the other notices that have them wait without being offered.
    unrouted: HashSet<String>,
}

impl Publishing<'_> {
    async fn publish(&mut self, record: &[u8]) -> Result<(), Abandoned> {
        let notice = serde_json::from_slice::<Outbound>(record)
            .and_then(|event| Ok((Message::event(&event)?, event)));
        let (message, event) = match notice {
            Ok(notice) => notice,
            // A newer version of postern may have written it, and can publish it.
            Err(error) => {
                tracing::error!(%error, "a notice in the outbox is unreadable");
                self.postpone(record, OFFERED_AGAIN.1).await;
                return Ok(());
            }
        };
        let routing_key = message.routing_key.as_str();
        if self.unrouted.contains(routing_key) {
            self.offer_later(record, &event).await;
            return Ok(());
        }
        failpoint::reach("before-notice");
        match self.session.publish_event(&message, event.rehearsal, None).await {
            Ok(()) => {
                metrics::notice_published(event.data.event_type().code());
                self.remove(record).await;
                Ok(())
            }
            Err(Unpublished::NoQueue) => {
                self.unrouted.insert(routing_key.to_owned());
                self.offer_later(record, &event).await;
                Ok(())
            }
            Err(Unpublished::Abandoned) => Err(Abandoned),
        }
    }

    async fn offer_later(&self, record: &[u8], event: &Outbound) {
        let age = (Utc::now() - event.time).to_std().unwrap_or_default();
        if age < GIVEN_UP_AFTER {
            self.postpone(record, age.clamp(OFFERED_AGAIN.0, OFFERED_AGAIN.1)).await;
            return;
        }
        let (event_type, subject) = (event.event_type(), event.subject());
        let integration_id = event.integration_id();
        tracing::warn!(
            %event_type, integration_id, subject,
            "notice given up: no queue has been bound for it for a day"
        );
        self.remove(record).await;
    }

    async fn postpone(&self, record: &[u8], by: Duration) {
        if let Err(error) = self.worker.notices.postpone(record, by).await {
            tracing::debug!(%error, "a notice without a queue is offered again soon");
        }
    }

    async fn remove(&self, record: &[u8]) {
        if let Err(error) = self.worker.notices.remove(record).await {
            tracing::warn!(%error, "a notice may be published twice");
        }
    }
}
