//! The supervised session with RabbitMQ: two connections and everything on them, replaced as a whole.
//!
//! A client that recovers piece by piece can stay connected and receive nothing. A session ends with its
//! first error, and its unsettled messages are delivered again with the next session.

use std::{sync::Arc, time::Duration};

use events::names::{BOOKING_STATUS_QUEUE, OPEN_REQUESTS_QUEUE};
use lapin::{Channel, Connection};
use publisher::{ConnectError, PublishError, Publisher, Reconnect, TopologyError};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{publishing_check, queue_lengths, subscription_check};
use crate::{
    background::{confirmation_events, notices},
    booking::booking_status,
    broker::{
        receiver::Receiver,
        session_handle::SessionHandle,
        subscription::{Subscription, SubscriptionError},
    },
    operator::health::Health,
    request::open_request,
    settings::BrokerSettings,
    worker::Worker,
};

/// How long connecting to a node may take, and each step towards a session.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the broker may take to confirm a publish. A broker that takes longer counts as lost.
const CONFIRM_TIMEOUT: Duration = Duration::from_secs(10);

/// Unconfirmed publishes at once, one per channel.
const PUBLISHING_CHANNELS: usize = 64;

/// How long closing a connection may take.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(500);

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
enum SessionError {
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error(transparent)]
    Topology(#[from] TopologyError),
    #[error("RabbitMQ refused")]
    Refused(#[from] lapin::Error),
    #[error(transparent)]
    Subscription(#[from] SubscriptionError),
    #[error(transparent)]
    Publishing(#[from] PublishError),
    #[error("RabbitMQ did not answer within {CONNECT_TIMEOUT:?}")]
    Silent(#[from] tokio::time::error::Elapsed),
}

/// Keeps a session until `stop`. The error is one that waiting cannot correct.
pub(super) async fn keep(
    worker: &Arc<Worker>,
    broker: &BrokerSettings,
    stop: &CancellationToken,
) -> Result<(), TopologyError> {
    let mut reconnect = Reconnect::new();
    while !stop.is_cancelled() {
        let opened = tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(()),
            opened = Session::open(broker, &worker.health) => opened,
        };
        match opened {
            Ok(session) => {
                tracing::info!(node = broker.nodes.preferred(), "subscribed");
                worker.health.set_subscribed(true);
                let reason = session.run(worker, stop).await;
                worker.health.set_subscribed(false);
                if !stop.is_cancelled() {
                    tracing::error!(reason, "session lost");
                }
                reconnect.reset();
            }
            Err(SessionError::Topology(error)) if !error.may_pass() => return Err(error),
            Err(error) => {
                let error = chain(&error);
                tracing::error!(error, "no session with RabbitMQ");
            }
        }
        // Whatever the reason is, it may be this node.
        broker.nodes.leave_node();
        let delay = reconnect.next_delay();
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(delay) => {}
        }
    }
    Ok(())
}

fn unpublished() -> String {
    "events could not be published".to_owned()
}

/// An error with its causes, on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

struct Session {
    consuming: Connection,
    publisher: Publisher,
    checks: [Channel; 2],
    prefetch: u16,
    bookings: Subscription,
    requests: Subscription,
}

impl Session {
    /// Connects and subscribes. While RabbitMQ blocks publishers it waits before it subscribes, so that
    /// nothing is delivered that could not be answered.
    async fn open(broker: &BrokerSettings, health: &Health) -> Result<Self, SessionError> {
        let nodes = &broker.nodes;
        let consuming = nodes.connect("postern worker, consuming", CONNECT_TIMEOUT).await?;
        timeout(CONNECT_TIMEOUT, publisher::declare(&consuming)).await??;
        let publishing = nodes.connect("postern worker, publishing", CONNECT_TIMEOUT).await?;
        let opening = Publisher::open(publishing, PUBLISHING_CHANNELS, CONFIRM_TIMEOUT);
        let publisher = timeout(CONNECT_TIMEOUT, opening).await??;
        publishing_check::until_unblocked(&publisher, health).await?;
        let checks = async {
            lapin::Result::Ok([
                consuming.create_channel().await?,
                consuming.create_channel().await?,
            ])
        };
        let checks = timeout(CONNECT_TIMEOUT, checks).await??;
        let prefetch = broker.prefetch;
        let bookings = Subscription::open(&consuming, BOOKING_STATUS_QUEUE, prefetch).await?;
        let requests = Subscription::open(&consuming, OPEN_REQUESTS_QUEUE, prefetch).await?;
        Ok(Self { consuming, publisher, checks, prefetch, bookings, requests })
    }

    /// Handles deliveries until `stop` or until an error. Answers the reason of its end.
    async fn run(mut self, worker: &Arc<Worker>, stop: &CancellationToken) -> String {
        let ended = stop.child_token();
        let header_key = Arc::clone(&worker.header_key);
        let (publisher, unrouted_keys) =
            (self.publisher.clone(), Arc::clone(&worker.unrouted_keys));
        let session = SessionHandle::new(publisher, header_key, unrouted_keys, ended.clone());
        let bookings = Receiver::new(BOOKING_STATUS_QUEUE, self.prefetch);
        let requests = Receiver::new(OPEN_REQUESTS_QUEUE, self.prefetch);
        let (connection, tasks, health) = (&self.consuming, &worker.tasks, &worker.health);
        let on_booking = |session, delivery| {
            let worker = Arc::clone(worker);
            async move { booking_status(&worker, &session, delivery).await }
        };
        let on_request = |session, delivery| {
            let worker = Arc::clone(worker);
            async move { open_request(&worker, &session, delivery).await }
        };

        let reason = tokio::select! {
            biased;
            () = ended.cancelled() => "a message could not be settled or published".to_owned(),
            reason = self.publisher.closed() => reason,
            _ = notices::publish(worker, &session) => unpublished(),
            _ = confirmation_events::publish(worker, &session) => unpublished(),
            never = publishing_check::watch(&self.publisher, health) => match never {},
            never = queue_lengths::show(connection) => match never {},
            reason = subscription_check::run(&self.checks[0], &bookings, &session, health) => reason,
            reason = subscription_check::run(&self.checks[1], &requests, &session, health) => reason,
            reason = bookings.run(connection, &mut self.bookings, &session, tasks, on_booking)
                => reason,
            reason = requests.run(connection, &mut self.requests, &session, tasks, on_request)
                => reason,
        };
        session.end_session();
        worker.health.set_subscribed(false);

        if stop.is_cancelled() {
            // The broker takes back what is prefetched and not begun when the connection closes; what was
            // sent to Salto finishes and is settled over this session.
            self.bookings.cancel().await;
            self.requests.cancel().await;
            worker.drained().await;
        }
        let close = self.consuming.close(200, "done".into());
        let _ = timeout(CLOSE_TIMEOUT, close).await;
        let _ = timeout(CLOSE_TIMEOUT, self.publisher.close()).await;
        reason
    }
}
