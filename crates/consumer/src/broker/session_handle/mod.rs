//! The session handle: what a delivery uses of the session that it came with.
//!
//! - This file: the end of the session, and waiting until then.
//! - [`publish`]: publishing until the broker has confirmed.
//! - [`settle`]: acknowledging, rejecting and requeuing.
//! - [`redis_retry`]: repeating Redis commands until Redis answers, or until the session ends.

mod publish;
mod redis_retry;
mod settle;

use std::{sync::Arc, time::Duration};

use publisher::{HeaderKey, Publisher};
use rules::Delays;
use tokio_util::sync::CancellationToken;

use super::unrouted_keys::UnroutedKeys;

pub(crate) use publish::Unpublished;
pub(crate) use redis_retry::Unstored;

/// Waits between attempts at Redis and the broker.
const RETRY_DELAYS: Delays =
    Delays { base: Duration::from_millis(100), cap: Duration::from_secs(2) };

/// The delivery is abandoned unsettled, because the worker stops or its session is lost. The broker
/// delivers the message again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Abandoned;

/// A handle to a session: its publisher, and whether it has ended.
#[derive(Debug, Clone)]
pub(crate) struct SessionHandle {
    publisher: Publisher,
    header_key: Arc<HeaderKey>,
    unrouted_keys: Arc<UnroutedKeys>,
    /// Cancelled when the worker stops or the session is lost.
    ended: CancellationToken,
}

impl SessionHandle {
    pub(crate) fn new(
        publisher: Publisher,
        header_key: Arc<HeaderKey>,
        unrouted_keys: Arc<UnroutedKeys>,
        ended: CancellationToken,
    ) -> Self {
        Self { publisher, header_key, unrouted_keys, ended }
    }

    /// The key that authenticates headers of postern.
    pub(crate) fn header_key(&self) -> &HeaderKey {
        &self.header_key
    }

    /// Returns when the session has ended.
    pub(crate) async fn until_ended(&self) {
        self.ended.cancelled().await;
    }

    /// Is cancelled when the session ends.
    pub(crate) fn ended_token(&self) -> CancellationToken {
        self.ended.clone()
    }

    /// Whether the session has ended.
    pub(crate) fn is_ended(&self) -> bool {
        self.ended.is_cancelled()
    }

    /// Returns when RabbitMQ blocks publishers.
    pub(crate) async fn until_blocked(&self) {
        self.publisher.blocked().await;
    }

    /// Returns when RabbitMQ does not block publishers.
    pub(crate) async fn until_unblocked(&self) {
        self.publisher.unblocked().await;
    }

    /// Whether RabbitMQ blocks publishers.
    pub(crate) fn is_blocked(&self) -> bool {
        self.publisher.is_blocked()
    }

    /// Ends the session: its unsettled messages are delivered again with the next session.
    pub(crate) fn end_session(&self) {
        self.ended.cancel();
    }

    /// Waits, unless the session ends first.
    pub(crate) async fn wait(&self, duration: Duration) -> Result<(), Abandoned> {
        tokio::select! {
            biased;
            () = self.ended.cancelled() => Err(Abandoned),
            () = tokio::time::sleep(duration) => Ok(()),
        }
    }
}
