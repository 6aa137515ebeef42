//! The system under test as processes on this machine: broker, Redis, simulator and workers, with a proxy between the
//! workers and each of the others.

use crate::fixtures::{
    BOOKING_WAIT_SECONDS, COMMAND_TIMEOUT_SECONDS, Fixtures, REQUEST_TTL_SECONDS,
    RESEND_WINDOW_SECONDS, RETENTION_SECONDS, WRONG_SECRET,
};
use crate::history::{Exit, Fault};
use crate::proxy::Proxy;
use crate::worker_slot::{WorkerOptions, WorkerSlot, port_of, through};
use chrono::Utc;
use deadpool_redis::redis::cmd;
use end_to_end::broker::{OutboundListener, PrivateBroker};
use end_to_end::deadline::SOON;
use end_to_end::http;
use end_to_end::redis::{PrivateRedis, connect};
use end_to_end::setup::Setup;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;

/// Everything that runs. The fields are dropped in this order.
#[derive(Debug)]
pub struct SystemUnderTest {
    pub slots: Vec<WorkerSlot>,
    /// All workers share this proxy: a token is valid for one address of Salto.
    pub salto: Proxy,
    pub outbound: OutboundListener,
    pub setup: Setup,
    pub broker: tokio::sync::Mutex<PrivateBroker>,
    pub redis: tokio::sync::Mutex<PrivateRedis>,
    /// Locked while dead letters are replayed.
    pub replay: tokio::sync::Mutex<()>,
    pub fixtures: Fixtures,
    pub faults: Faults,
    pub exits: Mutex<Vec<Exit>>,
    pub management_url: String,
}

/// What differs from run to run.
#[derive(Debug, Default)]
pub struct SystemOptions {
    pub workers: usize,
    /// The start takes longer if the broker will be killed.
    pub broker_is_killed: bool,
    /// Settings of the workers outside the integrations that replace those for all runs.
    pub settings: Vec<(&'static str, &'static str)>,
    pub worker: WorkerOptions,
}

/// The active faults, and those that have ended.
#[derive(Debug, Default)]
pub struct Faults {
    active: Mutex<BTreeMap<String, usize>>,
    ended: Mutex<Vec<Fault>>,
}

impl Faults {
    pub(crate) fn begin(&self, kind: String) {
        *self.active.lock().expect("no holder panics").entry(kind).or_default() += 1;
    }

    pub(crate) fn end(&self, fault: Fault) {
        let mut active = self.active.lock().expect("no holder panics");
        if let Some(count) = active.get_mut(&fault.kind) {
            *count -= 1;
        }
        active.retain(|_, count| *count > 0);
        drop(active);
        self.ended.lock().expect("no holder panics").push(fault);
    }

    /// The kinds of the active faults.
    pub fn active(&self) -> Vec<String> {
        self.active.lock().expect("no holder panics").keys().cloned().collect()
    }

    /// The faults that have ended.
    pub fn ended(&self) -> Vec<Fault> {
        self.ended.lock().expect("no holder panics").clone()
    }
}

impl SystemUnderTest {
    /// Starts everything and waits until it is ready: workers run, IQs are activated, queues are declared, the IQ
    /// secret of one integration is wrong.
    pub async fn start(fixtures: Fixtures, options: SystemOptions) -> Self {
        let (mut broker, redis) = tokio::join!(PrivateBroker::start(), PrivateRedis::start());
        let vhost = broker.vhost().await;
        let mut setup = Setup::over(vhost, redis.url()).await;
        populate(&mut setup, &fixtures).await;
        let salto = Proxy::start(port_of(setup.simulator.url())).await;
        configure(&mut setup, &fixtures, &salto);
        for (name, value) in options.settings {
            setup.settings.set(name, value);
        }

        let mut slots = Vec::new();
        for number in 0..options.workers {
            slots.push(WorkerSlot::new(number, &setup, options.worker).await);
        }
        if options.broker_is_killed {
            write_queues_to_disk(&mut broker, &slots[0], &setup).await;
        }
        let outbound = setup.vhost.bus().await.listen().await;
        let management_url = broker.management_url();
        let system = Self {
            slots,
            salto,
            outbound,
            setup,
            broker: tokio::sync::Mutex::new(broker),
            redis: tokio::sync::Mutex::new(redis),
            replay: tokio::sync::Mutex::default(),
            fixtures,
            faults: Faults::default(),
            exits: Mutex::default(),
            management_url,
        };
        let starting = join_all(system.slots.iter().map(|slot| slot.start(&system.setup)));
        let (ready, ()) = tokio::join!(starting, activate(&system.setup, &system.fixtures));
        assert!(ready.into_iter().all(|ready| ready), "a worker is not ready in time");
        let iq = system.fixtures.iqs_of(system.fixtures.integration(WRONG_SECRET))[0].id.clone();
        system.setup.simulator.change_iq(&iq, json!({"secret": "AnotherSecret234"})).await;
        // The preparations left records at the simulator that belong to no request.
        system.setup.simulator.control(Method::POST, "reset", Some(json!({}))).await;
        system
    }

    /// Records the exit of a worker that ended by itself.
    pub(crate) async fn record_exit(&self, worker: usize) {
        if self.slots[worker].exited_by_itself().await {
            let now = Utc::now();
            let exit = Exit { worker, asked_at: now, ended_at: now, status: None, asked: false };
            self.exits.lock().expect("no holder panics").push(exit);
        }
    }

    /// Ends a fault of the simulator; it may have ended by itself.
    pub(crate) async fn remove_fault(&self, number: u64) {
        let url = format!("{}/control/faults/{number}", self.setup.simulator.url());
        http::client().delete(url).send().await.expect("the simulator answers");
    }

    pub(crate) async fn set_clock(&self, seconds: i64) {
        let order = Some(json!({"offset_seconds": seconds}));
        self.setup.simulator.control(Method::PUT, "clock", order).await;
    }

    pub(crate) async fn empty_redis(&self) {
        let url = self.redis.lock().await.url();
        let mut connection = connect(&url).await;
        cmd("FLUSHALL").query_async::<()>(&mut connection).await.expect("it is emptied");
    }

    /// The directory of logs and configurations during the run.
    pub fn directory(&self) -> PathBuf {
        self.setup.directory().to_owned()
    }
}

/// Starts a worker, which declares the queues, and stops the broker once, which writes them to disk: RabbitMQ 3.10 can
/// lose a quorum queue if it is killed soon after the declaration.
async fn write_queues_to_disk(broker: &mut PrivateBroker, slot: &WorkerSlot, setup: &Setup) {
    let worker = slot.command(setup).start().await;
    assert!(worker.stop(SOON).await.success(), "{}", worker.log());
    broker.stop().await;
    broker.restart().await;
}

/// Restarts the simulator with a world file of the fixtures: it reads one only at start.
async fn populate(setup: &mut Setup, fixtures: &Fixtures) {
    setup.simulator.stop().await;
    let file = setup.directory().join("world.json");
    let text = fixtures.simulator_world().to_string();
    std::fs::write(file, text).expect("the world is written");
    setup.simulator.restart().await;
}

fn configure(setup: &mut Setup, fixtures: &Fixtures, salto: &Proxy) {
    let url = through(setup.simulator.url(), salto);
    let settings = &mut setup.settings;
    *settings.integrations() = fixtures.integration_settings();
    let (id, secret) = fixtures.client();
    settings.set("salto.environments.simulator.client_id", id);
    settings.set("salto.environments.simulator.client_secret", secret);
    settings.set("salto.environments.simulator.identity_url", url.clone());
    settings.set("salto.environments.simulator.api_url", url);
    settings.set("secrets.key", fixtures.key.clone());
    settings.set("retention.outcomes", format!("{RETENTION_SECONDS}s"));
    for (name, seconds) in [
        ("request_ttl", REQUEST_TTL_SECONDS),
        ("booking_wait", BOOKING_WAIT_SECONDS),
        ("command_timeout", COMMAND_TIMEOUT_SECONDS),
        ("resend_window", RESEND_WINDOW_SECONDS),
    ] {
        settings.set(&format!("opening.{name}"), format!("{seconds}s"));
    }
}

/// Activates every IQ for every active integration, with the command for operators.
async fn activate(setup: &Setup, fixtures: &Fixtures) {
    let keys = fixtures.iqs.iter().flat_map(|iq| iq.keys.iter().map(move |key| (iq, key)));
    let keys = keys.filter(|(_, key)| fixtures.integration(key.integration).active);
    join_all(keys.enumerate().map(async |(number, (iq, key))| {
        let name = format!("activate-{number}");
        let file = setup.directory().join(format!("{name}.pin"));
        std::fs::write(&file, &key.pin).expect("the PIN is written");
        let path = file.to_str().expect("a path is text");
        let integration = ["--integration", key.integration, "--iq", &iq.id];
        let arguments = [&["iq", "activate"], &integration[..], &["--pin-file", path]].concat();
        let command = setup.postern_in_background(&name, &arguments);
        let status = command.ended(SOON * 2).await;
        assert!(status.success(), "postern iq activate: {}", command.log());
        std::fs::remove_file(file).expect("the PIN is removed");
    }))
    .await;
}
