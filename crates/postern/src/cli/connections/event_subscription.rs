//! The events that postern publishes, over connections that may be lost.

use anyhow::Context;
use chrono::Utc;
use consumer::BrokerSettings;
use events::{Outbound, names};
use futures_util::StreamExt;
use lapin::{
    Connection, Consumer,
    options::{
        BasicAckOptions, BasicConsumeOptions, BasicQosOptions, QueueBindOptions,
        QueueDeclareOptions,
    },
    types::{AMQPValue, FieldTable},
};
use operations::one_line;
use publisher::Reconnect;
use tokio::time;
use uuid::Uuid;

use crate::cli::terminal::{output::print_note, text::time_text};
use operations::connections::broker::{self, Needed};

/// The messages that this process holds.
const PREFETCH: u16 = 256;

/// The messages that the broker holds for a reader that is slower; it drops the oldest beyond.
const LONGEST_QUEUE: u32 = 10_000;

/// A subscription with an exclusive queue, which the broker removes with the connection. Nothing durable is
/// declared. Events that are published while there is no connection are not seen.
pub(crate) struct EventSubscription<'a> {
    broker: &'a BrokerSettings,
    wanted: WantedEvents,
    current: Subscribed,
}

/// What is subscribed to, and how.
pub(crate) struct WantedEvents {
    pub(crate) connection_name: &'static str,
    /// How the name of the queue begins; where it is empty, the broker chooses the name.
    pub(crate) queue_prefix: String,
    /// Events whose routing keys match one of these.
    pub(crate) binding_keys: Vec<String>,
}

/// A connection with its consumer.
struct Subscribed {
    connection: Connection,
    deliveries: Consumer,
}

/// An event, and its message as it was published.
pub(crate) struct ReceivedEvent {
    pub(crate) event: Outbound,
    pub(crate) body: Vec<u8>,
}

impl<'a> EventSubscription<'a> {
    /// Subscribes.
    ///
    /// # Errors
    /// There is no connection, or the broker refuses what is needed.
    pub(crate) async fn open(
        broker: &'a BrokerSettings,
        wanted: WantedEvents,
    ) -> anyhow::Result<Self> {
        let current = Subscribed::open(broker, &wanted).await?;
        print_note("listening…");
        Ok(Self { broker, wanted, current })
    }

    /// The next event. Where the connection is lost, another one is made.
    pub(crate) async fn next(&mut self) -> ReceivedEvent {
        loop {
            let lost = match self.current.deliveries.next().await {
                Some(Ok(delivery)) => {
                    // The broker drops the queue with the connection, so an acknowledgement only makes room.
                    let _ = delivery.acker.ack(BasicAckOptions::default()).await;
                    if let Ok(event) = serde_json::from_slice(&delivery.data) {
                        return ReceivedEvent { event, body: delivery.data };
                    }
                    let key = &delivery.routing_key;
                    print_note(&format!(
                        "skipped a message that is not an event of postern ({key})"
                    ));
                    continue;
                }
                Some(Err(error)) => one_line(&error.into()),
                None => "the broker ended the subscription".to_owned(),
            };
            self.reconnect(&lost).await;
        }
    }

    /// Makes a new connection, however long that takes.
    async fn reconnect(&mut self, reason: &str) {
        let lost_at = time_text(Some(Utc::now()));
        print_note(&format!("the connection to the broker was lost: {reason}; trying again"));
        let mut reconnect = Reconnect::new();
        let mut last_error = String::new();
        loop {
            time::sleep(reconnect.next_delay()).await;
            match Subscribed::open(self.broker, &self.wanted).await {
                Ok(subscribed) => {
                    self.current = subscribed;
                    break;
                }
                Err(error) => {
                    let error = one_line(&error);
                    if error != last_error {
                        print_note(&format!("not connected yet: {error}"));
                    }
                    last_error = error;
                }
            }
        }
        let now = time_text(Some(Utc::now()));
        print_note(&format!(
            "connected again: events that were published between {lost_at} and {now} were not seen"
        ));
    }

    /// Closes the connection.
    pub(crate) async fn close(self) {
        // The broker removes the queue when the connection ends, even where it is not closed.
        let close = self.current.connection.close(200, "done".into());
        let _ = time::timeout(time::Duration::from_secs(1), close).await;
    }
}

impl Subscribed {
    async fn open(broker: &BrokerSettings, wanted: &WantedEvents) -> anyhow::Result<Self> {
        let needed = Needed::Exchange(names::OUTBOUND_EXCHANGE);
        let connection = broker::connect(broker, wanted.connection_name, needed).await?;
        let subscribing = time::timeout(broker::BROKER_TIMEOUT, consume(&connection, wanted));
        let deliveries = subscribing
            .await
            .context("the broker does not answer")?
            .context("the events of postern cannot be subscribed to")?;
        Ok(Self { connection, deliveries })
    }
}

async fn consume(connection: &Connection, wanted: &WantedEvents) -> lapin::Result<Consumer> {
    let channel = connection.create_channel().await?;
    channel.basic_qos(PREFETCH, BasicQosOptions::default()).await?;
    let options = QueueDeclareOptions { exclusive: true, auto_delete: true, ..Default::default() };
    let mut arguments = FieldTable::default();
    arguments.insert("x-max-length".into(), AMQPValue::LongLongInt(LONGEST_QUEUE.into()));
    let name = match wanted.queue_prefix.as_str() {
        "" => String::new(),
        prefix => format!("{prefix}{}", Uuid::new_v4()),
    };
    let queue = channel.queue_declare(name.into(), options, arguments).await?;
    for key in &wanted.binding_keys {
        channel
            .queue_bind(
                queue.name().clone(),
                names::OUTBOUND_EXCHANGE.into(),
                key.as_str().into(),
                QueueBindOptions::default(),
                FieldTable::default(),
            )
            .await?;
    }
    let options = BasicConsumeOptions { exclusive: true, ..Default::default() };
    channel.basic_consume(queue.name().clone(), "".into(), options, FieldTable::default()).await
}
