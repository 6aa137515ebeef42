//! Telling the booking system when an IQ's activation changed state.
//!
//! A change and its event are written into Redis together; the event leaves it once the broker has
//! confirmed it, whichever worker published it.

use std::{sync::Arc, time::Duration};

use deadpool_redis::redis::{self, Script};
use events::Outbound;
use publisher::Message;
use tokio::sync::Notify;

use crate::{
    keys::Keys,
    line::{LetGo, Line, Unpublished},
    store::{Store, StoreError},
};

/// How often to look for events that another worker left.
const EVERY: Duration = Duration::from_secs(2);

/// How long others keep their hands off an event that somebody has taken.
const TAKEN_FOR: Duration = Duration::from_secs(15);

/// The events about IQs that are to be published.
#[derive(Debug)]
pub(crate) struct Attention {
    store: Arc<Store>,
    key: String,
    take: Script,
    news: Notify,
}

impl Attention {
    pub(crate) fn new(store: Arc<Store>, keys: &Keys) -> Self {
        let take = Script::new(include_str!("attention/take.lua"));
        Self { store, key: keys.attention(), take, news: Notify::new() }
    }

    /// There is something to publish.
    pub(crate) fn wake(&self) {
        self.news.notify_one();
    }

    /// Publishes what there is and what comes, until the session ends.
    pub(crate) async fn publish(&self, line: &Line) -> LetGo {
        loop {
            if self.publish_due(line).await == Err(LetGo) {
                return LetGo;
            }
            tokio::select! {
                over = line.wait(EVERY) => if over.is_err() { return LetGo },
                () = self.news.notified() => {}
            }
        }
    }

    async fn publish_due(&self, line: &Line) -> Result<(), LetGo> {
        let due = match self.take().await {
            Ok(due) => due,
            Err(error) => {
                tracing::debug!(%error, "events about IQs cannot be read");
                return Ok(());
            }
        };
        for record in due {
            let event = serde_json::from_slice::<Outbound>(&record)
                .and_then(|event| Ok((event.rehearsal, Message::event(&event)?)));
            let (rehearsal, message) = match event {
                Ok(event) => event,
                // postern wrote it, so this does not happen; in the way it must not be.
                Err(error) => {
                    tracing::error!(%error, "an event about an IQ is unreadable");
                    continue;
                }
            };
            match line.offer(&message, rehearsal).await {
                Ok(()) => {}
                // Nobody is bound for it: it is due again after a while.
                Err(Unpublished::Unwanted) => continue,
                Err(Unpublished::LetGo) => return Err(LetGo),
            }
            if let Err(error) = self.published(&record).await {
                tracing::warn!(%error, "an event about an IQ may be published twice");
            }
        }
        Ok(())
    }

    async fn take(&self) -> Result<Vec<Vec<u8>>, StoreError> {
        let millis = u64::try_from(TAKEN_FOR.as_millis()).unwrap_or(u64::MAX);
        self.store.run(self.take.key(&self.key).arg(millis)).await
    }

    async fn published(&self, record: &[u8]) -> Result<(), StoreError> {
        self.store.query(redis::cmd("ZREM").arg(&self.key).arg(record)).await
    }
}
