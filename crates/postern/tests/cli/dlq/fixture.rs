//! A virtual host with dead letters, and `postern dlq` for it.

use std::collections::BTreeMap;

use end_to_end::{
    broker::{Bus, Vhost},
    services,
};
use futures_util::StreamExt;
use lapin::{
    BasicProperties, Connection, ConnectionProperties,
    message::Delivery,
    options::{BasicConsumeOptions, BasicQosOptions},
    types::{AMQPValue, FieldTable, ShortString},
};
use serde_json::Value;

use crate::running::{Postern, RunResult, vhost_with_topology};

pub(crate) struct DlqFixture {
    pub(crate) vhost: Vhost,
    pub(crate) bus: Bus,
    pub(crate) postern: Postern,
    /// The prefix of every key in Redis.
    pub(crate) prefix: String,
}

impl DlqFixture {
    /// With the topology declared, and no dead letters.
    pub(crate) async fn new() -> Self {
        let vhost = vhost_with_topology().await;
        let prefix = format!("test-{}:", uuid::Uuid::new_v4().simple());
        let postern = Postern::new()
            .variable("POSTERN__BROKER__URL", vhost.url())
            .variable("POSTERN__REDIS__URL", services::redis_url())
            .variable("POSTERN__REDIS__KEY_PREFIX", prefix.clone());
        let bus = vhost.bus().await;
        let fixture = Self { vhost, bus, postern, prefix };
        assert_eq!(fixture.dlq("list").stdout, "");
        fixture
    }

    /// Runs `postern dlq` with these arguments, which are separated by spaces.
    pub(crate) fn dlq(&self, arguments: &str) -> RunResult {
        let mut all = vec!["dlq"];
        all.extend(arguments.split_whitespace());
        self.postern.run(&all)
    }

    /// The objects it prints with `--output json`; it must succeed.
    pub(crate) fn json(&self, arguments: &str) -> Vec<Value> {
        let ended = self.dlq(&format!("{arguments} --output json"));
        assert_eq!(ended.status, Some(0), "{}", ended.stderr);
        objects(&ended)
    }

    /// The ids of all dead letters, in order.
    pub(crate) fn ids(&self) -> Vec<String> {
        let ids = self.json("list").into_iter();
        ids.map(|letter| letter["id"].as_str().unwrap().to_owned()).collect()
    }

    /// The number of messages in a queue of postern.
    pub(crate) async fn waiting(&self, queue: &str) -> u32 {
        self.bus.waiting(&format!("postern.{queue}")).await.unwrap()
    }

    /// The dead letters in the order of the broker, without its count of deliveries.
    pub(crate) async fn letters(&self) -> Vec<QueuedLetter> {
        let count = self.waiting("dead-letters").await;
        let connection = Connection::connect(self.vhost.url(), ConnectionProperties::default());
        let connection = connection.await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        channel.basic_qos(1000, BasicQosOptions::default()).await.unwrap();
        let options = BasicConsumeOptions::default();
        let queue = "postern.dead-letters".into();
        let consumer = channel.basic_consume(queue, "".into(), options, FieldTable::default());
        let letters: Vec<_> = consumer.await.unwrap().take(count as usize).collect().await;
        channel.close(200, "read".into()).await.unwrap();
        letters.into_iter().map(|letter| QueuedLetter::from(letter.unwrap())).collect()
    }
}

/// A message among the dead letters.
#[derive(Debug, PartialEq)]
pub(crate) struct QueuedLetter {
    pub(crate) body: Vec<u8>,
    pub(crate) routing_key: String,
    pub(crate) properties: BasicProperties,
    pub(crate) headers: BTreeMap<ShortString, AMQPValue>,
}

impl From<Delivery> for QueuedLetter {
    fn from(delivery: Delivery) -> Self {
        let headers = delivery.properties.headers().clone().unwrap_or_default();
        let headers =
            headers.inner().iter().filter(|(name, _)| name.as_str() != "x-delivery-count");
        Self {
            headers: headers.map(|(name, value)| (name.clone(), value.clone())).collect(),
            properties: delivery.properties.with_headers(FieldTable::default()),
            body: delivery.data,
            routing_key: delivery.routing_key.to_string(),
        }
    }
}

/// The objects, one per line.
pub(crate) fn objects(ended: &RunResult) -> Vec<Value> {
    ended.stdout.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}
