//! A listener that keeps all events of postern in the order of their arrival.

use super::Bus;
use super::connection::connection;
use super::event::Event;
use crate::deadline::{SOON, until};
use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, ExchangeDeclareOptions, QueueBindOptions,
    QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Connection, Consumer, ExchangeKind};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinHandle;

const QUEUE: &str = "test.outbound";
const EXCHANGE: &str = "postern.outbound";
/// The pattern with which the queue is bound at first.
const EVERYTHING: &str = "#";
/// The type of a marker, which the listener publishes itself and keeps separately.
const MARKER: &str = "test.marker";
const PAUSE: Duration = Duration::from_millis(100);
const ANSWER: Duration = Duration::from_secs(10);

/// A listener with a durable queue on `postern.outbound`. It reconnects after a restart of the broker and then receives
/// what postern has published meanwhile. An event is kept once per publication: one that postern publishes twice is
/// kept twice.
#[derive(Debug)]
pub struct OutboundListener {
    url: String,
    received: Arc<Mutex<Received>>,
    patterns: Patterns,
    task: JoinHandle<()>,
}

/// The patterns with which the queue is bound.
type Patterns = Arc<Mutex<Vec<String>>>;

#[derive(Debug, Default)]
struct Received {
    events: Vec<Event>,
    /// The requests that have ended, with the arrival of their first terminal event.
    ended: BTreeMap<String, DateTime<Utc>>,
    markers: BTreeSet<String>,
}

impl Bus {
    /// Listens to everything that postern publishes from now on.
    pub async fn listen(&self) -> OutboundListener {
        OutboundListener::open(&self.url, "classic").await
    }

    /// As [`Self::listen`], with a queue that each node of a cluster has.
    pub async fn listen_on_all_nodes(&self) -> OutboundListener {
        OutboundListener::open(&self.url, "quorum").await
    }
}

impl OutboundListener {
    async fn open(url: &str, queue_type: &'static str) -> Self {
        let received = Arc::new(Mutex::new(Received::default()));
        let bound = Arc::new(AtomicBool::new(false));
        let patterns: Patterns = Arc::new(Mutex::new(vec![EVERYTHING.to_owned()]));
        let task = tokio::spawn({
            let (url, received, bound) =
                (url.to_owned(), Arc::clone(&received), Arc::clone(&bound));
            let patterns = Arc::clone(&patterns);
            async move {
                loop {
                    let _ = listen(&url, queue_type, &received, &patterns, &bound).await;
                    tokio::time::sleep(PAUSE).await;
                }
            }
        });
        until("the listener's queue to be bound", SOON, || {
            let bound = bound.load(Ordering::SeqCst);
            async move { bound.then_some(()) }
        })
        .await;
        Self { url: url.to_owned(), received, patterns, task }
    }

    /// Binds the queue with these patterns, and with no other one. Events that match none are returned to postern.
    /// Tries again while the broker is unavailable.
    pub async fn bind(&self, patterns: &[&str]) {
        let new: Vec<String> = patterns.iter().map(ToString::to_string).collect();
        let old = {
            let mut patterns = self.patterns.lock().expect("no holder panics");
            std::mem::replace(&mut *patterns, new.clone())
        };
        loop {
            let change = change_bindings(&self.url, &old, &new);
            if matches!(tokio::time::timeout(SOON, change).await, Ok(Ok(()))) {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Waits until everything that was published before this call has arrived.
    ///
    /// # Panics
    /// If that takes too long.
    pub async fn catch_up(&self) {
        let marker = uuid::Uuid::new_v4().to_string();
        let event = json!({"id": marker, "type": MARKER});
        Bus::connect(&self.url).await.publish("postern.outbound", MARKER, &event).await;
        until("the listener to catch up", SOON, || {
            let here = self.received.lock().expect("no holder panics").markers.contains(&marker);
            async move { here.then_some(()) }
        })
        .await;
    }

    /// All events so far.
    pub fn events(&self) -> Vec<Event> {
        self.received.lock().expect("no holder panics").events.clone()
    }

    /// The events that answer a request: the terminal event and a check-in, with their repetitions.
    pub fn answers(&self, request: &str) -> Vec<Event> {
        let received = self.received.lock().expect("no holder panics");
        received.events.iter().filter(|event| event.request_id() == request).cloned().collect()
    }

    /// All events that answer requests, by request.
    pub fn all_answers(&self) -> BTreeMap<String, Vec<Event>> {
        let mut answers = BTreeMap::<_, Vec<_>>::new();
        for event in self.events().into_iter().filter(|event| !event.request_id().is_empty()) {
            answers.entry(event.request_id().to_owned()).or_default().push(event);
        }
        answers
    }

    /// All terminal events, by request.
    pub fn terminals(&self) -> BTreeMap<String, Vec<Event>> {
        let mut terminals = self.all_answers();
        terminals.retain(|_, events| {
            events.retain(Event::is_terminal);
            !events.is_empty()
        });
        terminals
    }

    /// The only event that ended a request; it may have been published several times.
    ///
    /// # Panics
    /// If there is none, or if two differ.
    pub fn only_terminal(&self, request: &str) -> Event {
        let mut ends = self.answers(request).into_iter().filter(Event::is_terminal);
        let first = ends.next().unwrap_or_else(|| panic!("request {request} has not ended"));
        ends.for_each(|again| assert_eq!(again, first, "two ends of request {request}"));
        first
    }

    /// The check-ins of a booking; one that was published several times counts once.
    pub fn check_ins(&self, booking: &str) -> Vec<Event> {
        let mut found = Vec::new();
        for event in self.events() {
            let of_booking = event.kind == "booking.check-in.v1" && event.subject == booking;
            if of_booking && !found.contains(&event) {
                found.push(event);
            }
        }
        found
    }

    /// Waits for the event that ends a request.
    ///
    /// # Panics
    /// If `limit` is over.
    pub async fn terminal(&self, request: &str, limit: Duration) -> Event {
        until(&format!("the end of request {request}"), limit, || {
            let end = self.answers(request).into_iter().find(Event::is_terminal);
            async move { end }
        })
        .await
    }

    /// Waits for an event of this type that answers a request.
    ///
    /// # Panics
    /// If `limit` is over.
    pub async fn answer(&self, request: &str, kind: &str, limit: Duration) -> Event {
        until(&format!("{kind} for request {request}"), limit, || {
            let found = self.answers(request).into_iter().find(|event| event.kind == kind);
            async move { found }
        })
        .await
    }

    /// Waits for any event of this type.
    ///
    /// # Panics
    /// If `limit` is over.
    pub async fn one_of(&self, kind: &str, limit: Duration) -> Event {
        until(kind, limit, || {
            let found = self.events().into_iter().find(|event| event.kind == kind);
            async move { found }
        })
        .await
    }

    /// The number of requests that have ended.
    pub fn ended_so_far(&self) -> usize {
        self.received.lock().expect("no holder panics").ended.len()
    }

    /// The requests that have ended, with the arrival of their first terminal event.
    pub fn ended_at(&self) -> BTreeMap<String, DateTime<Utc>> {
        self.received.lock().expect("no holder panics").ended.clone()
    }

    /// Waits until this number of requests have ended.
    ///
    /// # Panics
    /// If `limit` is over.
    pub async fn ended(&self, requests: usize, limit: Duration) {
        until(&format!("{requests} requests to end"), limit, || {
            let enough = self.ended_so_far() >= requests;
            async move { enough.then_some(()) }
        })
        .await;
    }
}

impl Drop for OutboundListener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Replaces the bindings of the queue.
async fn change_bindings(url: &str, old: &[String], new: &[String]) -> lapin::Result<()> {
    let connection = connection(url).await?;
    let channel = connection.create_channel().await?;
    let none = FieldTable::default;
    for pattern in new {
        let bind = QueueBindOptions::default();
        channel
            .queue_bind(QUEUE.into(), EXCHANGE.into(), pattern.as_str().into(), bind, none())
            .await?;
    }
    for pattern in old.iter().filter(|pattern| !new.contains(pattern)) {
        let pattern = pattern.as_str().into();
        channel.queue_unbind(QUEUE.into(), EXCHANGE.into(), pattern, none()).await?;
    }
    connection.close(200, "bound".into()).await
}

/// Declares and binds the queue, and begins to consume it. The consumer ends with the connection.
async fn subscribe(
    url: &str,
    queue_type: &str,
    patterns: &Mutex<Vec<String>>,
) -> lapin::Result<(Connection, Consumer)> {
    let connection = connection(url).await?;
    let channel = connection.create_channel().await?;
    let none = FieldTable::default();
    // Declared as in docs/contract.md, RabbitMQ, so that the listener can start before postern.
    let durable = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    channel.exchange_declare(EXCHANGE.into(), ExchangeKind::Topic, durable, none.clone()).await?;
    let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString(queue_type.into()));
    channel.queue_declare(QUEUE.into(), durable, arguments).await?;
    let patterns = patterns.lock().expect("no holder panics").clone();
    for pattern in patterns {
        let (bind, pattern) = (QueueBindOptions::default(), pattern.into());
        channel.queue_bind(QUEUE.into(), EXCHANGE.into(), pattern, bind, none.clone()).await?;
    }
    let options = BasicConsumeOptions::default();
    let consumer = channel.basic_consume(QUEUE.into(), "test".into(), options, none).await?;
    Ok((connection, consumer))
}

/// Listens until anything fails.
async fn listen(
    url: &str,
    queue_type: &str,
    received: &Mutex<Received>,
    patterns: &Mutex<Vec<String>>,
    bound: &AtomicBool,
) -> lapin::Result<()> {
    // A connection attempt to a starting node may never end.
    let subscribed = tokio::time::timeout(ANSWER, subscribe(url, queue_type, patterns)).await;
    let Ok(subscribed) = subscribed else { return Ok(()) };
    let (_connection, mut consumer) = subscribed?;
    bound.store(true, Ordering::SeqCst);
    while let Some(delivery) = consumer.next().await {
        let delivery = delivery?;
        let (arrived, event) = (Utc::now(), Event::read(&delivery));
        // If an ack is lost, the broker delivers the same publication again, marked as redelivered; a second
        // publication is not marked.
        {
            let mut received = received.lock().expect("no holder panics");
            if event.is_terminal() {
                let request = event.request_id().to_owned();
                received.ended.entry(request).or_insert(arrived);
            }
            if event.kind == MARKER {
                received.markers.insert(event.id);
            } else if !(delivery.redelivered && received.events.contains(&event)) {
                received.events.push(event);
            }
        }
        delivery.ack(BasicAckOptions::default()).await?;
    }
    Ok(())
}
