//! Noticing that a connection is lost.

use std::time::Duration;

use futures_util::StreamExt;
use lapin::{Connection, ConnectionState, Error, ErrorKind, Event};
use tokio::sync::watch;
use tokio::task::AbortHandle;

/// The interval for reading the connection's status: a connection that the broker closes in an orderly
/// way sends no event.
const POLL_EVERY: Duration = Duration::from_millis(500);

/// Watches one connection, for any number of listeners: the client's own stream of events gives each
/// event to only one of them.
pub(crate) struct ConnectionWatch {
    reason: watch::Receiver<Option<Error>>,
    task: AbortHandle,
}

impl ConnectionWatch {
    pub(crate) fn new(connection: &Connection) -> Self {
        let (sender, reason) = watch::channel(None);
        let status = connection.status().clone();
        let mut events = Box::pin(connection.events_listener());
        let task = tokio::spawn(async move {
            let mut last_error = None;
            while status.connected() {
                let event = tokio::time::timeout(POLL_EVERY, events.next()).await;
                if let Ok(Some(Event::Error(error))) = event {
                    last_error = Some(error);
                }
            }
            sender.send_replace(Some(last_error.unwrap_or_else(closed)));
        });
        Self { reason, task: task.abort_handle() }
    }

    /// Returns when the connection is lost, with the reason.
    pub(crate) async fn closed(&self) -> Error {
        let mut reason = self.reason.clone();
        match reason.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(reason)) => reason.clone(),
            // The runtime is stopping and has ended the task.
            Ok(None) | Err(_) => closed(),
        }
    }
}

fn closed() -> Error {
    ErrorKind::InvalidConnectionState(ConnectionState::Closed).into()
}

impl Drop for ConnectionWatch {
    fn drop(&mut self) {
        self.task.abort();
    }
}
