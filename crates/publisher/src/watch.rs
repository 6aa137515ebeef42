//! Noticing that a connection has died.

use std::time::Duration;

use futures_util::StreamExt;
use lapin::{Connection, ConnectionState, Error, ErrorKind, Event};
use tokio::sync::watch;
use tokio::task::AbortHandle;

/// A connection that the broker closes in good order sends no event, so its status is looked at
/// now and then as well.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Watches one connection, for any number of askers: the client's own stream of events gives each
/// event to only one of its listeners.
pub(crate) struct Watch {
    reason: watch::Receiver<Option<Error>>,
    task: AbortHandle,
}

impl Watch {
    pub(crate) fn over(connection: &Connection) -> Self {
        let (sender, reason) = watch::channel(None);
        let status = connection.status().clone();
        let mut events = Box::pin(connection.events_listener());
        let task = tokio::spawn(async move {
            let mut last_error = None;
            while status.connected() {
                let event = tokio::time::timeout(LOOK_EVERY, events.next()).await;
                if let Ok(Some(Event::Error(error))) = event {
                    last_error = Some(error);
                }
            }
            sender.send_replace(Some(last_error.unwrap_or_else(closed)));
        });
        Self { reason, task: task.abort_handle() }
    }

    /// Returns when the connection is gone, with the reason.
    pub(crate) async fn closed(&self) -> Error {
        let mut reason = self.reason.clone();
        match reason.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(reason)) => reason.clone(),
            // The runtime is stopping and took the watching task with it.
            Ok(None) | Err(_) => closed(),
        }
    }
}

fn closed() -> Error {
    ErrorKind::InvalidConnectionState(ConnectionState::Closed).into()
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}
