//! Injects a fault and ends it.

use super::{AnswerFault, Bound, FaultAction, LinkTarget, PlannedFault};
use crate::history::{Exit, Fault, Target};
use crate::proxy::Mode;
use crate::system::SystemUnderTest;
use chrono::{DateTime, Utc};
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::time::{sleep, sleep_until};

/// A worker that has not stopped by then is killed; the report shows it.
const STOPPING: Duration = Duration::from_secs(40);
/// Longer than any fault of the broker. A replay that has not ended by then is killed.
const REPLAYING: Duration = Duration::from_secs(60);

impl PlannedFault {
    /// Waits for its time, injects the fault, and returns after it has ended.
    pub async fn inject(&self, system: &SystemUnderTest, start: Instant) {
        sleep_until((start + self.at).into()).await;
        if let Target::Worker(worker) = self.action.target() {
            system.record_exit(worker).await;
        }
        system.faults.begin(self.action.kind());
        let from = Utc::now();
        self.action.inject(system, self.lasts).await;
        system.faults.end(self.action.record(from));
    }
}

impl FaultAction {
    async fn inject(&self, system: &SystemUnderTest, lasts: Duration) {
        match self {
            Self::WorkerKill(worker) => kill_worker(system, *worker, lasts).await,
            Self::WorkerFreeze(worker) => freeze_worker(system, *worker, lasts).await,
            Self::WorkerStop(worker) => stop_worker(system, *worker, lasts).await,
            Self::BrokerKill => {
                let mut broker = system.broker.lock().await;
                broker.kill().await;
                sleep(lasts).await;
                broker.restart().await;
            }
            Self::BrokerStop => {
                let mut broker = system.broker.lock().await;
                broker.stop().await;
                sleep(lasts).await;
                broker.restart().await;
            }
            Self::BrokerFreeze => {
                let broker = system.broker.lock().await;
                broker.freeze();
                sleep(lasts).await;
                broker.resume();
            }
            Self::RedisKill => {
                let mut redis = system.redis.lock().await;
                redis.kill().await;
                sleep(lasts).await;
                redis.restart().await;
            }
            Self::RedisFreeze => {
                let redis = system.redis.lock().await;
                redis.freeze();
                sleep(lasts).await;
                redis.resume();
            }
            Self::BrokerAlarm => raise_alarm(system, lasts).await,
            Self::RedisReplies(worker, passed_on) => {
                let mode = Mode::LoseReplies { passed_on: *passed_on };
                switch(system, LinkTarget::Redis, *worker, mode);
                sleep(lasts).await;
                switch(system, LinkTarget::Redis, *worker, Mode::Pass);
            }
            Self::OutboundBinding(bound) => bind_outbound(system, *bound, lasts).await,
            Self::DlqReplay => replay_dead_letters(system).await,
            Self::Link(target, worker, mode) => {
                switch(system, *target, *worker, *mode);
                sleep(lasts).await;
                switch(system, *target, *worker, Mode::Pass);
            }
            Self::Answer(answer) => change_answers(system, answer, lasts).await,
            Self::Revoke => system.setup.simulator.revoke_tokens().await,
            Self::Offline(iq) => take_iq_offline(system, iq, lasts).await,
            Self::Skew(seconds) => {
                system.set_clock(*seconds).await;
                sleep(lasts).await;
                system.set_clock(0).await;
            }
            Self::EmptyRedis => system.empty_redis().await,
        }
    }

    fn record(&self, from: DateTime<Utc>) -> Fault {
        let (mut delay_ms, mut retry_after, mut lost_grants) = (0, None, 0);
        if let Self::Link(_, _, Mode::Slow { latency, bytes_per_second }) = self {
            // A command and its answer are a few pieces of at most half a kilobyte.
            let transfer = 1000 * 2000 / u64::from((*bytes_per_second).max(1));
            delay_ms = 4 * u64::try_from(latency.as_millis()).unwrap_or_default() + transfer;
        }
        if let Self::Answer(answer) = self {
            let request = &answer.request;
            retry_after = request["retry_after"].as_u64();
            lost_grants = u64::from(request["call"] == "token" && request["times"] == 1);
        }
        let (kind, target, until) = (self.kind(), self.target(), Utc::now());
        if target == Target::SaltoLink {
            lost_grants = 1;
        }
        Fault { kind, target, from, until, delay_ms, retry_after, lost_grants }
    }
}

async fn kill_worker(system: &SystemUnderTest, worker: usize, lasts: Duration) {
    let slot = &system.slots[worker];
    slot.end(|worker| async move { worker.kill().await }).await;
    sleep(lasts).await;
    slot.start(&system.setup).await;
}

async fn freeze_worker(system: &SystemUnderTest, worker: usize, lasts: Duration) {
    let slot = &system.slots[worker];
    slot.with(|worker| worker.freeze()).await;
    sleep(lasts).await;
    slot.with(|worker| worker.resume()).await;
}

/// Stops a worker with SIGTERM and records its exit; a new worker starts later.
async fn stop_worker(system: &SystemUnderTest, worker: usize, lasts: Duration) {
    let slot = &system.slots[worker];
    let asked_at = Utc::now();
    let status = slot.stop(STOPPING).await;
    let exit = Exit { worker, asked_at, ended_at: Utc::now(), status, asked: true };
    system.exits.lock().expect("no holder panics").push(exit);
    sleep(lasts).await;
    slot.start(&system.setup).await;
}

async fn raise_alarm(system: &SystemUnderTest, lasts: Duration) {
    let broker = system.broker.lock().await;
    broker.raise_alarm().await;
    sleep(lasts).await;
    broker.clear_alarm().await;
}

/// Binds the queue for postern's events for a part of them, or for none, and later for all again.
async fn bind_outbound(system: &SystemUnderTest, bound: Bound, lasts: Duration) {
    let patterns: &[&str] = match bound {
        Bound::Answers => &["lock.#"],
        Bound::Nothing => &[],
    };
    system.outbound.bind(patterns).await;
    sleep(lasts).await;
    system.outbound.bind(&["#"]).await;
}

/// Replays all dead letters, unless another replay is running. While the broker is unavailable, the command fails or
/// waits.
async fn replay_dead_letters(system: &SystemUnderTest) {
    let Ok(_running) = system.replay.try_lock() else { return };
    let command = system.setup.postern_in_background("dlq-replay", &["dlq", "replay", "--all"]);
    let started = Instant::now();
    while command.status().is_none() && started.elapsed() < REPLAYING {
        sleep(Duration::from_millis(50)).await;
    }
    if command.status().is_none() {
        command.kill().await;
    }
}

async fn change_answers(system: &SystemUnderTest, answer: &AnswerFault, lasts: Duration) {
    let number = system.setup.simulator.add_fault(answer.request.clone()).await;
    sleep(lasts).await;
    system.remove_fault(number).await;
}

async fn take_iq_offline(system: &SystemUnderTest, iq: &str, lasts: Duration) {
    system.setup.simulator.change_iq(iq, json!({"online": false})).await;
    sleep(lasts).await;
    system.setup.simulator.change_iq(iq, json!({"online": true})).await;
}

/// Changes the mode of the link of one worker, or of all, to a server.
fn switch(system: &SystemUnderTest, target: LinkTarget, worker: Option<usize>, mode: Mode) {
    let slots = system.slots.iter().enumerate();
    let affected = slots.filter(|(number, _)| worker.is_none_or(|one| one == *number));
    match target {
        LinkTarget::Broker => affected.for_each(|(_, slot)| slot.broker_proxy().switch(mode)),
        LinkTarget::Redis => affected.for_each(|(_, slot)| slot.redis_proxy().switch(mode)),
        LinkTarget::Salto => system.salto.switch(mode),
    }
}
