//! Requests of the neighbour that have been delivered many times, as beside a message that ends its workers.

use super::super::neighbour;
use super::super::trouble_phase::TroublePhase;
use end_to_end::deadline::{SOON, within};
use futures_util::StreamExt;
use lapin::options::{BasicConsumeOptions, BasicNackOptions, BasicPublishOptions, BasicQosOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties, Consumer};
use serde_json::json;
use std::time::Duration;

const SUSPECTS: u16 = 150;
/// More than make a message a suspect.
const DELIVERIES: usize = 8;
/// The commands of the suspects take as long as over a slow line.
const DELAY_MS: u64 = 400;
/// From the publication of the suspects to the end of every run.
const EXPIRES: Duration = Duration::from_secs(540);
const QUEUE: &str = "postern.open-requests";

pub(super) async fn cause(phase: &TroublePhase<'_>) {
    neighbour::book(phase).await;
    let username = &phase.neighbour().username;
    let slow = json!({"kind": "delay", "call": "open", "username": username, "delay_ms": DELAY_MS});
    phase.system.setup.simulator.add_fault(slow).await;
    let held = hold_suspects(phase).await.expect("the suspects are delivered");
    phase.trouble_begins().await;
    // What is not acknowledged returns to the queue.
    held.connection.close(200, "held".into()).await.expect("the connection closes");
    phase.trouble_ends().await;
}

/// What holds the suspects. A channel or consumer that is dropped ends, and its messages return.
struct Held {
    connection: Connection,
    _channel: Channel,
    _consumer: Consumer,
}

/// Publishes the suspects and takes them before the workers do, by a consumer of a higher priority that returns them
/// again and again. In the end it holds all of them, so that it gets no other message.
async fn hold_suspects(phase: &TroublePhase<'_>) -> lapin::Result<Held> {
    let url = phase.system.setup.vhost.url();
    let connection = Connection::connect(url, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    channel.basic_qos(SUSPECTS, BasicQosOptions::default()).await?;
    let mut priority = FieldTable::default();
    priority.insert("x-priority".into(), AMQPValue::LongInt(10));
    let options = BasicConsumeOptions::default();
    let mut consumer =
        channel.basic_consume(QUEUE.into(), "suspects".into(), options, priority).await?;
    publish(phase, &channel).await?;
    receive(&mut consumer).await?;
    for _ in 1..DELIVERIES {
        let all = BasicNackOptions { multiple: true, requeue: true };
        channel.basic_nack(0, all).await?;
        receive(&mut consumer).await?;
    }
    Ok(Held { connection, _channel: channel, _consumer: consumer })
}

async fn publish(phase: &TroublePhase<'_>, channel: &Channel) -> lapin::Result<()> {
    let doors = phase.doors().into_iter().cycle().take(SUSPECTS.into());
    for (number, door) in doors.enumerate() {
        let mut event = neighbour::request_for(number, door, Duration::ZERO);
        event["data"]["expires_at"] = end_to_end::inbound::time(EXPIRES.as_secs() as i64).into();
        let (body, key) = (event.to_string().into_bytes(), "lock.open-request".into());
        let properties = BasicProperties::default()
            .with_content_type("application/cloudevents+json".into())
            .with_delivery_mode(2);
        let options = BasicPublishOptions::default();
        channel.basic_publish("postern.inbound".into(), key, options, &body, properties).await?;
    }
    Ok(())
}

/// Receives all suspects.
async fn receive(consumer: &mut Consumer) -> lapin::Result<()> {
    for _ in 0..SUSPECTS {
        within("a suspect", SOON, consumer.next()).await.expect("the consumer goes on")?;
    }
    Ok(())
}
