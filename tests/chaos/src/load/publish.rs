//! Publishes a plan: everything at its time, again until the broker has confirmed it, and written down.

use super::{Content, Outgoing, Plan};
use crate::history::{Booking, Garbage, Published, Request, Sent};
use chrono::Utc;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{sleep, sleep_until, timeout};

/// Channels; each has one unconfirmed publish at a time.
const LANES: usize = 24;
/// A frozen broker answers nothing.
const PATIENCE: Duration = Duration::from_secs(4);
const PAUSE: Duration = Duration::from_millis(200);

/// What has been published so far.
#[derive(Debug, Default)]
pub struct Ledger {
    bookings: Mutex<Vec<Published<Booking>>>,
    requests: Mutex<Vec<Published<Request>>>,
    garbage: Mutex<Vec<Published<Garbage>>>,
    confirmed: AtomicUsize,
}

impl Ledger {
    /// Messages that the broker has taken over.
    pub fn confirmed(&self) -> usize {
        self.confirmed.load(Ordering::Relaxed)
    }

    /// All statuses so far.
    pub fn bookings(&self) -> Vec<Published<Booking>> {
        self.bookings.lock().expect("no holder panics").clone()
    }

    /// All requests so far, each copy by itself.
    pub fn requests(&self) -> Vec<Published<Request>> {
        self.requests.lock().expect("no holder panics").clone()
    }

    /// What nobody can use, so far.
    pub fn garbage(&self) -> Vec<Published<Garbage>> {
        self.garbage.lock().expect("no holder panics").clone()
    }

    fn keep(&self, content: Content, sent: Sent) {
        fn push<T>(list: &Mutex<Vec<Published<T>>>, what: T, sent: Sent) {
            list.lock().expect("no holder panics").push(Published { what, sent });
        }
        match content {
            Content::Booking(booking) => push(&self.bookings, booking, sent),
            Content::Request(request) => push(&self.requests, request, sent),
            Content::Garbage(garbage) => push(&self.garbage, garbage, sent),
        }
        self.confirmed.fetch_add(1, Ordering::Relaxed);
    }
}

/// Publishes all of it, beginning at `start`, and returns when the last message is confirmed.
pub async fn publish(plan: Plan, url: String, start: Instant, ledger: Arc<Ledger>) {
    let link = Arc::new(Link { url, connection: tokio::sync::Mutex::default() });
    // As long as the broker is away, what is due waits here.
    let (due, lanes) = async_queue();
    let mut running = JoinSet::new();
    for lane in lanes {
        running.spawn(run_lane(lane, Arc::clone(&link), Arc::clone(&ledger)));
    }
    for message in plan.messages {
        sleep_until((start + message.at).into()).await;
        due.send(message);
    }
    drop(due);
    while let Some(lane) = running.join_next().await {
        lane.expect("no lane panics");
    }
}

/// One sender, and receivers that take turns as they are free.
fn async_queue() -> (Due, Vec<Lane>) {
    let (send, receive) = mpsc::unbounded_channel();
    let receive = Arc::new(tokio::sync::Mutex::new(receive));
    (Due(send), (0..LANES).map(|_| Lane(Arc::clone(&receive))).collect())
}

struct Due(mpsc::UnboundedSender<Outgoing>);

impl Due {
    fn send(&self, message: Outgoing) {
        // The lanes end only after this.
        let _ = self.0.send(message);
    }
}

struct Lane(Arc<tokio::sync::Mutex<mpsc::UnboundedReceiver<Outgoing>>>);

async fn run_lane(lane: Lane, link: Arc<Link>, ledger: Arc<Ledger>) {
    let mut channel = None;
    loop {
        let next = lane.0.lock().await.recv().await;
        let Some(message) = next else { return };
        let first = Utc::now();
        let mut copies = 0;
        loop {
            if channel.is_none() {
                channel = link.channel().await;
            }
            let Some(open) = &channel else {
                sleep(PAUSE).await;
                continue;
            };
            copies += 1;
            if matches!(timeout(PATIENCE, hand_over(open, &message)).await, Ok(true)) {
                break;
            }
            channel = None;
        }
        let sent = Sent { first, confirmed: Some(Utc::now()), copies };
        ledger.keep(message.content, sent);
    }
}

/// Whether the broker has it, in a queue.
async fn hand_over(channel: &Channel, message: &Outgoing) -> bool {
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

/// The connection that all lanes share.
struct Link {
    url: String,
    connection: tokio::sync::Mutex<Option<Connection>>,
}

impl Link {
    async fn channel(&self) -> Option<Channel> {
        let mut connection = self.connection.lock().await;
        if let Some(open) = connection.as_ref().filter(|one| one.status().connected())
            && let Some(channel) = confirming(open).await
        {
            return Some(channel);
        }
        let properties = ConnectionProperties::default().with_connection_name("load".into());
        let fresh =
            timeout(PATIENCE, Connection::connect(&self.url, properties)).await.ok()?.ok()?;
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
    timeout(PATIENCE, open).await.ok()?
}
