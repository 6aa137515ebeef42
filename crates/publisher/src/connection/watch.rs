//! Noticing that a connection is lost, or that the broker blocks it.

use std::future::pending;
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
    condition: watch::Receiver<Condition>,
    task: AbortHandle,
}

/// The condition of a connection.
#[derive(Debug, Clone)]
enum Condition {
    Open,
    /// The broker takes no messages over it, for this reason.
    Blocked(String),
    Closed(Error),
}

impl ConnectionWatch {
    pub(crate) fn new(connection: &Connection) -> Self {
        let (sender, condition) = watch::channel(Condition::Open);
        let status = connection.status().clone();
        let mut events = Box::pin(connection.events_listener());
        let task = tokio::spawn(async move {
            let mut last_error = None;
            while status.connected() {
                match tokio::time::timeout(POLL_EVERY, events.next()).await {
                    Ok(Some(Event::Error(error))) => last_error = Some(error),
                    Ok(Some(Event::ConnectionBlocked(reason))) => {
                        sender.send_replace(Condition::Blocked(reason));
                    }
                    Ok(Some(Event::ConnectionUnblocked)) => {
                        sender.send_replace(Condition::Open);
                    }
                    Ok(Some(_) | None) | Err(_) => {}
                }
            }
            sender.send_replace(Condition::Closed(last_error.unwrap_or_else(closed)));
        });
        Self { condition, task: task.abort_handle() }
    }

    /// Returns when the connection is lost, with the reason.
    pub(crate) async fn closed(&self) -> Error {
        let is_closed = |it: &Condition| matches!(it, Condition::Closed(_));
        match self.condition.clone().wait_for(is_closed).await.as_deref() {
            Ok(Condition::Closed(reason)) => reason.clone(),
            // The runtime is stopping and has ended the task.
            Ok(Condition::Open | Condition::Blocked(_)) | Err(_) => closed(),
        }
    }

    /// Returns when the broker blocks the connection, with the broker's reason. Never, once it is lost.
    pub(crate) async fn blocked(&self) -> String {
        let mut condition = self.condition.clone();
        loop {
            if let Condition::Blocked(reason) = &*condition.borrow_and_update() {
                return reason.clone();
            }
            if condition.changed().await.is_err() {
                return pending().await;
            }
        }
    }

    /// Returns when the broker does not block the connection. Never, once it is lost.
    pub(crate) async fn unblocked(&self) {
        let mut condition = self.condition.clone();
        while !matches!(*condition.borrow_and_update(), Condition::Open) {
            if condition.changed().await.is_err() {
                return pending().await;
            }
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
