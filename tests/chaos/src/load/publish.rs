//! Publishes the messages of a plan at their times, repeats each until the broker has confirmed it, and records them.

use super::{Content, LoadPlan, Outgoing};
use crate::history::{Booking, InvalidMessage, Published, Request, Sent};
use chrono::Utc;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{sleep, sleep_until, timeout};

/// The number of channels; each has one unconfirmed message at a time. So many that the load soon catches up after the
/// broker was unavailable: requests that are published late expire, and test little.
const CHANNELS: usize = 96;
/// A frozen broker does not answer.
const TIMEOUT: Duration = Duration::from_secs(4);
const PAUSE: Duration = Duration::from_millis(200);

/// The messages that have been published so far.
#[derive(Debug, Default)]
pub struct PublishLog {
    bookings: Mutex<Vec<Published<Booking>>>,
    requests: Mutex<Vec<Published<Request>>>,
    invalid_messages: Mutex<Vec<Published<InvalidMessage>>>,
    confirmed: AtomicUsize,
}

impl PublishLog {
    /// The number of messages that the broker has confirmed.
    pub fn confirmed(&self) -> usize {
        self.confirmed.load(Ordering::Relaxed)
    }

    /// All booking statuses so far.
    pub fn bookings(&self) -> Vec<Published<Booking>> {
        self.bookings.lock().expect("no holder panics").clone()
    }

    /// All requests so far, each copy separately.
    pub fn requests(&self) -> Vec<Published<Request>> {
        self.requests.lock().expect("no holder panics").clone()
    }

    /// All invalid messages so far.
    pub fn invalid_messages(&self) -> Vec<Published<InvalidMessage>> {
        self.invalid_messages.lock().expect("no holder panics").clone()
    }

    fn add(&self, content: Content, sent: Sent) {
        fn push<T>(list: &Mutex<Vec<Published<T>>>, what: T, sent: Sent) {
            list.lock().expect("no holder panics").push(Published { what, sent });
        }
        match content {
            Content::Booking(booking) => push(&self.bookings, booking, sent),
            Content::Request(request) => push(&self.requests, request, sent),
            Content::Invalid(message) => push(&self.invalid_messages, message, sent),
            Content::NotRecorded => {}
        }
        self.confirmed.fetch_add(1, Ordering::Relaxed);
    }
}

/// Publishes all messages, counted from `start`, and returns when the last one is confirmed.
pub async fn publish(plan: LoadPlan, url: String, start: Instant, publish_log: Arc<PublishLog>) {
    let connection = Arc::new(SharedConnection { url, connection: tokio::sync::Mutex::default() });
    // While the broker is unavailable, due messages wait in this queue.
    let (due, receivers) = async_queue();
    let mut running = JoinSet::new();
    for receiver in receivers {
        running.spawn(run_channel(receiver, Arc::clone(&connection), Arc::clone(&publish_log)));
    }
    for message in plan.messages {
        sleep_until((start + message.at).into()).await;
        due.send(message);
    }
    drop(due);
    while let Some(ended) = running.join_next().await {
        ended.expect("no channel's task panics");
    }
}

/// A queue with one sender and a receiver for each channel.
fn async_queue() -> (DueSender, Vec<DueReceiver>) {
    let (send, receive) = mpsc::unbounded_channel();
    let receive = Arc::new(tokio::sync::Mutex::new(receive));
    (DueSender(send), (0..CHANNELS).map(|_| DueReceiver(Arc::clone(&receive))).collect())
}

struct DueSender(mpsc::UnboundedSender<Outgoing>);

impl DueSender {
    fn send(&self, message: Outgoing) {
        // The receivers end only after the sender.
        let _ = self.0.send(message);
    }
}

struct DueReceiver(Arc<tokio::sync::Mutex<mpsc::UnboundedReceiver<Outgoing>>>);

async fn run_channel(
    due: DueReceiver,
    connection: Arc<SharedConnection>,
    publish_log: Arc<PublishLog>,
) {
    let mut channel = None;
    loop {
        let next = due.0.lock().await.recv().await;
        let Some(message) = next else { return };
        let first = Utc::now();
        let mut copies = 0;
        loop {
            if channel.is_none() {
                channel = connection.channel().await;
            }
            let Some(open) = &channel else {
                sleep(PAUSE).await;
                continue;
            };
            copies += 1;
            if matches!(timeout(TIMEOUT, publish_confirmed(open, &message)).await, Ok(true)) {
                break;
            }
            channel = None;
        }
        let sent = Sent { first, confirmed: Some(Utc::now()), copies };
        publish_log.add(message.content, sent);
    }
}

/// Publishes a message; whether the broker confirmed it and routed it to a queue.
async fn publish_confirmed(channel: &Channel, message: &Outgoing) -> bool {
    let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
    let properties = BasicProperties::default()
        .with_content_type("application/cloudevents+json".into())
        .with_delivery_mode(2);
    let key = message.routing_key.into();
    let sent =
        channel.basic_publish("postern.inbound".into(), key, options, &message.body, properties);
    match sent.await {
        Ok(confirm) => matches!(confirm.await, Ok(Confirmation::Ack(None))),
        Err(_) => false,
    }
}

/// The connection that all channels share.
struct SharedConnection {
    url: String,
    connection: tokio::sync::Mutex<Option<Connection>>,
}

impl SharedConnection {
    async fn channel(&self) -> Option<Channel> {
        let mut connection = self.connection.lock().await;
        if let Some(open) = connection.as_ref().filter(|one| one.status().connected())
            && let Some(channel) = confirming(open).await
        {
            return Some(channel);
        }
        let properties = ConnectionProperties::default().with_connection_name("load".into());
        let fresh =
            timeout(TIMEOUT, Connection::connect(&self.url, properties)).await.ok()?.ok()?;
        let channel = confirming(&fresh).await;
        *connection = Some(fresh);
        channel
    }
}

async fn confirming(connection: &Connection) -> Option<Channel> {
    let open = async {
        let channel = connection.create_channel().await.ok()?;
        channel.confirm_select(ConfirmSelectOptions::default()).await.ok()?;
        Some(channel)
    };
    timeout(TIMEOUT, open).await.ok()?
}
