//! The audit's new lines, read once for all who listen.

use std::{sync::Arc, time::Duration};

use consumer::{
    RedisSettings, RedisUrlError,
    audit::{AuditEntry, AuditStream},
};
use tokio::{
    sync::{Notify, broadcast},
    time::sleep,
};
use tokio_util::sync::CancellationToken;

/// The interval between two looks for new lines, and where Redis does not answer.
const INTERVAL: Duration = Duration::from_millis(250);
const INTERVAL_AWAY: Duration = Duration::from_secs(2);
/// Lines that one who listens may be behind.
const KEPT: usize = 1024;

/// Those who listen to new lines.
pub(crate) struct Feed {
    stream: AuditStream,
    lines: broadcast::Sender<Arc<AuditEntry>>,
    listened: Notify,
}

impl Feed {
    pub(crate) fn new(redis: &RedisSettings) -> Result<Self, RedisUrlError> {
        let stream = AuditStream::new(redis)?;
        Ok(Self { stream, lines: broadcast::Sender::new(KEPT), listened: Notify::new() })
    }

    /// The lines that are written from now on.
    pub(crate) fn listen(&self) -> broadcast::Receiver<Arc<AuditEntry>> {
        let receiver = self.lines.subscribe();
        self.listened.notify_one();
        receiver
    }

    /// How many listen.
    pub(crate) fn listeners(&self) -> usize {
        self.lines.receiver_count()
    }
}

/// Reads while a stream of events is open, until the console stops.
pub(crate) async fn run(feed: Arc<Feed>, stop: CancellationToken) {
    let reading = async {
        loop {
            feed.listened.notified().await;
            read_while_listened(&feed).await;
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = reading => {}
    }
}

async fn read_while_listened(feed: &Feed) {
    while feed.listeners() > 0 {
        let Ok(mut lines) = feed.stream.added_from_now().await else {
            sleep(INTERVAL_AWAY).await;
            continue;
        };
        while feed.listeners() > 0 {
            // What was added while Redis did not answer follows.
            let Ok(read) = lines.next().await else {
                sleep(INTERVAL_AWAY).await;
                continue;
            };
            for entry in read.iter().filter_map(|line| serde_json::from_str(line).ok()) {
                let _ = feed.lines.send(Arc::new(entry));
            }
            sleep(INTERVAL).await;
        }
    }
}
