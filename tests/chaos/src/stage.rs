//! Everything that a run consists of, as processes on this machine: broker, Redis, simulator, workers, and between the
//! workers and each of the others a proxy.

use crate::hand::{Hand, port_of, through};
use crate::history::{Exit, Fault};
use crate::proxy::Proxy;
use crate::town::{
    BOOKING_WAIT_SECONDS, COMMAND_TIMEOUT_SECONDS, REQUEST_TTL_SECONDS, RESEND_WINDOW_SECONDS,
    SOUR, Town,
};
use chrono::Utc;
use deadpool_redis::redis::cmd;
use end_to_end::broker::{Outbox, PrivateBroker};
use end_to_end::deadline::SOON;
use end_to_end::http;
use end_to_end::redis::{PrivateRedis, connect};
use end_to_end::world::World;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;

/// Ended in this order.
#[derive(Debug)]
pub struct Stage {
    pub hands: Vec<Hand>,
    /// One way for all: a token is good for one address of Salto.
    pub salto: Proxy,
    pub outbox: Outbox,
    pub world: World,
    pub broker: tokio::sync::Mutex<PrivateBroker>,
    pub redis: tokio::sync::Mutex<PrivateRedis>,
    pub town: Town,
    pub faults: Faults,
    pub exits: Mutex<Vec<Exit>>,
    pub management_url: String,
}

/// The faults so far.
#[derive(Debug, Default)]
pub struct Faults {
    running: Mutex<BTreeMap<String, usize>>,
    over: Mutex<Vec<Fault>>,
}

impl Faults {
    pub(crate) fn begin(&self, kind: String) {
        *self.running.lock().expect("no holder panics").entry(kind).or_default() += 1;
    }

    pub(crate) fn end(&self, fault: Fault) {
        let mut running = self.running.lock().expect("no holder panics");
        if let Some(count) = running.get_mut(&fault.kind) {
            *count -= 1;
        }
        running.retain(|_, count| *count > 0);
        drop(running);
        self.over.lock().expect("no holder panics").push(fault);
    }

    /// The kinds at work now.
    pub fn running(&self) -> Vec<String> {
        self.running.lock().expect("no holder panics").keys().cloned().collect()
    }

    /// Those that are over.
    pub fn over(&self) -> Vec<Fault> {
        self.over.lock().expect("no holder panics").clone()
    }
}

impl Stage {
    /// All of it, ready: so many workers, IQs activated, queues declared, one integration's secret spoilt. Takes longer
    /// where the broker is going to die.
    pub async fn set(town: Town, workers: usize, broker_dies: bool) -> Self {
        let (mut broker, redis) = tokio::join!(PrivateBroker::start(), PrivateRedis::start());
        let vhost = broker.vhost().await;
        let mut world = World::over(vhost, redis.url()).await;
        populate(&mut world, &town).await;
        let salto = Proxy::start(port_of(world.simulator.url())).await;
        configure(&mut world, &town, &salto);

        let mut hands = Vec::new();
        for number in 0..workers {
            hands.push(Hand::new(number, &world).await);
        }
        if broker_dies {
            harden(&mut broker, &hands[0], &world).await;
        }
        let outbox = world.vhost.bus().await.listen().await;
        let management_url = broker.management_url();
        let stage = Self {
            hands,
            salto,
            outbox,
            world,
            broker: tokio::sync::Mutex::new(broker),
            redis: tokio::sync::Mutex::new(redis),
            town,
            faults: Faults::default(),
            exits: Mutex::default(),
            management_url,
        };
        let begin = join_all(stage.hands.iter().map(|hand| hand.begin(&stage)));
        let (ready, ()) = tokio::join!(begin, activate(&stage.world, &stage.town));
        assert!(ready.into_iter().all(|ready| ready), "a worker is not ready in time");
        let iq = stage.town.iqs_of(stage.town.integration(SOUR))[0].id.clone();
        stage.world.simulator.change_iq(&iq, json!({"secret": "SpoiltSecret2345"})).await;
        // What the preparations left in the records is nobody's request.
        stage.world.simulator.control(Method::POST, "reset", Some(json!({}))).await;
        stage
    }

    /// Keeps it for the record where a worker has ended by itself.
    pub(crate) async fn note_death(&self, worker: usize) {
        if self.hands[worker].has_died().await {
            let now = Utc::now();
            let exit = Exit { worker, asked_at: now, ended_at: now, status: None, asked: false };
            self.exits.lock().expect("no holder panics").push(exit);
        }
    }

    /// Ends a fault of the simulator, which may have ended by itself.
    pub(crate) async fn no_fault(&self, number: u64) {
        let url = format!("{}/control/faults/{number}", self.world.simulator.url());
        http::client().delete(url).send().await.expect("the simulator answers");
    }

    pub(crate) async fn set_clock(&self, seconds: i64) {
        let order = Some(json!({"offset_seconds": seconds}));
        self.world.simulator.control(Method::PUT, "clock", order).await;
    }

    pub(crate) async fn empty_redis(&self) {
        let url = self.redis.lock().await.url();
        let mut connection = connect(&url).await;
        cmd("FLUSHALL").query_async::<()>(&mut connection).await.expect("it is emptied");
    }

    /// Where logs, configuration and records are while the run lasts.
    pub fn directory(&self) -> PathBuf {
        self.world.directory().to_owned()
    }
}

/// Has the queues declared by a worker, and written down by an orderly stop: RabbitMQ 3.10 killed soon after a quorum
/// queue's declaration can lose it.
async fn harden(broker: &mut PrivateBroker, hand: &Hand, world: &World) {
    let worker = hand.command(world).start().await;
    assert!(worker.stop(SOON).await.success(), "{}", worker.log());
    broker.stop().await;
    broker.restart().await;
}

/// The town in place of the simulator's own world: it takes a world file only when it starts.
async fn populate(world: &mut World, town: &Town) {
    world.simulator.vanish().await;
    let file = world.directory().join("world.json");
    let text = town.simulator_world().to_string();
    std::fs::write(file, text).expect("the world is written");
    world.simulator.come_back().await;
}

fn configure(world: &mut World, town: &Town, salto: &Proxy) {
    let url = through(world.simulator.url(), salto);
    let settings = &mut world.settings;
    *settings.integrations() = town.integration_settings();
    let (id, secret) = town.client();
    settings.set("salto.environments.simulator.client_id", id);
    settings.set("salto.environments.simulator.client_secret", secret);
    settings.set("salto.environments.simulator.identity_url", url.clone());
    settings.set("salto.environments.simulator.api_url", url);
    settings.set("secrets.key", town.key.clone());
    for (name, seconds) in [
        ("request_ttl", REQUEST_TTL_SECONDS),
        ("booking_wait", BOOKING_WAIT_SECONDS),
        ("command_timeout", COMMAND_TIMEOUT_SECONDS),
        ("resend_window", RESEND_WINDOW_SECONDS),
    ] {
        settings.set(&format!("opening.{name}"), format!("{seconds}s"));
    }
}

/// Every IQ for every integration that opens something, as an operator would.
async fn activate(world: &World, town: &Town) {
    let opening = town.integrations.iter().filter(|one| one.active);
    let pairs = opening.flat_map(|one| town.iqs_of(one).into_iter().map(move |iq| (one.id, iq)));
    join_all(pairs.enumerate().map(async |(number, (integration, iq))| {
        let name = format!("activate-{number}");
        let file = world.directory().join(format!("{name}.pin"));
        std::fs::write(&file, &iq.pin).expect("the PIN is written");
        let path = file.to_str().expect("a path is text");
        let arguments =
            ["iq", "activate", "--integration", integration, "--iq", &iq.id, "--pin-file", path];
        let command = world.postern_in_background(&name, &arguments);
        let status = command.ended(SOON * 2).await;
        assert!(status.success(), "postern iq activate: {}", command.log());
        std::fs::remove_file(file).expect("the PIN is removed");
    }))
    .await;
}
