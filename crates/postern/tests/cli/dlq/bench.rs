//! A virtual host with dead letters in it, and `postern dlq` on them.

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

use crate::running::{Ended, Postern};

pub(crate) struct Bench {
    pub(crate) vhost: Vhost,
    pub(crate) bus: Bus,
    pub(crate) postern: Postern,
    /// What every key in Redis begins with.
    pub(crate) prefix: String,
}

impl Bench {
    /// With everything declared, and no dead letters.
    pub(crate) async fn new() -> Self {
        let vhost = Vhost::new().await;
        let prefix = format!("test-{}:", uuid::Uuid::new_v4().simple());
        let postern = Postern::new()
            .variable("POSTERN__BROKER__URL", vhost.url())
            .variable("POSTERN__REDIS__URL", services::redis_url())
            .variable("POSTERN__REDIS__KEY_PREFIX", prefix.clone());
        let bus = vhost.bus().await;
        let bench = Self { vhost, bus, postern, prefix };
        assert_eq!(bench.dlq("list").stdout, "");
        bench
    }

    /// Runs `postern dlq` with these arguments, which hold no spaces themselves.
    pub(crate) fn dlq(&self, arguments: &str) -> Ended {
        let mut all = vec!["dlq"];
        all.extend(arguments.split_whitespace());
        self.postern.run(&all)
    }

    /// The objects it prints with `--output json`; it must end well.
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

    /// How many messages wait in a queue of postern's.
    pub(crate) async fn waiting(&self, queue: &str) -> u32 {
        self.bus.waiting(&format!("postern.{queue}")).await.unwrap()
    }

    /// The dead letters as the broker has them, in its order, without its count of deliveries.
    pub(crate) async fn letters(&self) -> Vec<Lying> {
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
        letters.into_iter().map(|letter| Lying::from(letter.unwrap())).collect()
    }
}

/// A message among the dead letters.
#[derive(Debug, PartialEq)]
pub(crate) struct Lying {
    pub(crate) body: Vec<u8>,
    pub(crate) routing_key: String,
    pub(crate) properties: BasicProperties,
    pub(crate) headers: BTreeMap<ShortString, AMQPValue>,
}

impl From<Delivery> for Lying {
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

/// A line each.
pub(crate) fn objects(ended: &Ended) -> Vec<Value> {
    ended.stdout.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}
