//! The supervised session with RabbitMQ: two connections, everything on them, and the moment at
//! which all of it is thrown away and built anew.
//!
//! A client that recovers piece by piece can be left connected and deaf. A whole session cannot:
//! it ends with the first sign of trouble, and its unsettled messages come again with the next.

use std::{sync::Arc, time::Duration};

use events::names::{BOOKING_STATUS_QUEUE, OPEN_REQUESTS_QUEUE};
use lapin::{Channel, Connection};
use publisher::{ConnectError, Publisher, Reconnect, TopologyError, queue_state};
use secrecy::ExposeSecret;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use crate::{
    booking_status::booking_status,
    feed::{Feed, FeedError},
    intake::Intake,
    line::Line,
    message::open_request,
    settings::BrokerSettings,
    worker::Worker,
};

/// How long connecting may take, and each step towards a session.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the broker may take to confirm a publish. A broker that takes longer is lost.
const CONFIRM_TIMEOUT: Duration = Duration::from_secs(10);

/// Messages on their way to the broker at once.
const PUBLISHING_CHANNELS: usize = 64;

/// How often the subscription is checked, and how long the broker may take to answer.
const PROBE_EVERY: Duration = Duration::from_secs(4);
const PROBE_TIMEOUT: Duration = Duration::from_secs(4);

/// How long the goodbyes may take.
const GOODBYE: Duration = Duration::from_millis(500);

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
    Feed(#[from] FeedError),
    #[error("RabbitMQ did not answer within {CONNECT_TIMEOUT:?}")]
    Silent(#[from] tokio::time::error::Elapsed),
}

/// Keeps a session until `stop`. The error is one that waiting cannot mend.
pub(crate) async fn keep(
    worker: &Arc<Worker>,
    broker: &BrokerSettings,
    stop: &CancellationToken,
) -> Result<(), TopologyError> {
    let mut reconnect = Reconnect::new();
    while !stop.is_cancelled() {
        let opened = tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(()),
            opened = Session::open(broker) => opened,
        };
        match opened {
            Ok(session) => {
                tracing::info!("subscribed");
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
        let delay = reconnect.next_delay();
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(delay) => {}
        }
    }
    Ok(())
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
    probe: Channel,
    prefetch: u16,
    bookings: Feed,
    requests: Feed,
}

impl Session {
    async fn open(broker: &BrokerSettings) -> Result<Self, SessionError> {
        let url = broker.url.expose_secret();
        let consuming =
            publisher::connect(url, "postern worker, consuming", CONNECT_TIMEOUT).await?;
        timeout(CONNECT_TIMEOUT, publisher::declare(&consuming)).await??;
        let publishing =
            publisher::connect(url, "postern worker, publishing", CONNECT_TIMEOUT).await?;
        let opening = Publisher::open(publishing, PUBLISHING_CHANNELS, CONFIRM_TIMEOUT);
        let publisher = timeout(CONNECT_TIMEOUT, opening).await??;
        let probe = timeout(CONNECT_TIMEOUT, consuming.create_channel()).await??;
        let prefetch = broker.prefetch;
        let bookings = Feed::open(&consuming, BOOKING_STATUS_QUEUE, prefetch).await?;
        let requests = Feed::open(&consuming, OPEN_REQUESTS_QUEUE, prefetch).await?;
        Ok(Self { consuming, publisher, probe, prefetch, bookings, requests })
    }

    /// Works until `stop` or until anything fails; says what did.
    async fn run(mut self, worker: &Arc<Worker>, stop: &CancellationToken) -> String {
        let halt = stop.child_token();
        let line = Line::new(self.publisher.clone(), halt.clone());
        let bookings = Intake::new(BOOKING_STATUS_QUEUE, self.prefetch);
        let requests = Intake::new(OPEN_REQUESTS_QUEUE, self.prefetch);
        let (booking_feed, request_feed) = (&mut self.bookings, &mut self.requests);
        let on = (&line, &worker.tasks);

        let reason = tokio::select! {
            biased;
            () = halt.cancelled() => "a message could not be settled".to_owned(),
            reason = self.publisher.closed() => reason,
            _ = worker.attention.publish(&line) => "events could not be published".to_owned(),
            reason = probe(&self.probe, [&bookings, &requests]) => reason,
            reason = bookings.run((&self.consuming, booking_feed), on, |line, delivery| {
                let worker = Arc::clone(worker);
                async move { booking_status(&worker, &line, delivery).await }
            }) => reason,
            reason = requests.run((&self.consuming, request_feed), on, |line, delivery| {
                let worker = Arc::clone(worker);
                async move { open_request(&worker, &line, delivery).await }
            }) => reason,
        };
        line.hang_up();
        worker.health.set_subscribed(false);

        if stop.is_cancelled() {
            // What is prefetched and not begun goes back when the connection closes; what was
            // sent to Salto finishes and is settled over this session.
            self.bookings.cancel().await;
            self.requests.cancel().await;
            worker.drained().await;
        }
        let goodbye = self.consuming.close(200, "done".into());
        let _ = timeout(GOODBYE, goodbye).await;
        let _ = timeout(GOODBYE, self.publisher.close()).await;
        reason
    }
}

/// Checks that the broker still knows us as a consumer and still sends what it has; returns when
/// that is not so. A worker that is alive but deaf is worse than a dead one.
async fn probe(channel: &Channel, intakes: [&Intake; 2]) -> String {
    let mut ticks = interval(PROBE_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut silent_since: [Option<u64>; 2] = [None; 2];
    loop {
        ticks.tick().await;
        for (intake, silent) in intakes.iter().zip(&mut silent_since) {
            let state = match timeout(PROBE_TIMEOUT, queue_state(channel, intake.queue)).await {
                Ok(Ok(state)) => state,
                Ok(Err(error)) => return error.to_string(),
                Err(_) => return format!("RabbitMQ did not answer within {PROBE_TIMEOUT:?}"),
            };
            if state.consumers == 0 {
                return format!("{} has no consumer", intake.queue);
            }
            let taken = intake.taken();
            let waiting = state.ready > 0 && intake.has_room();
            if waiting && *silent == Some(taken) {
                return format!("{} has messages and sends none", intake.queue);
            }
            *silent = waiting.then_some(taken);
        }
    }
}
