//! Doing it, and undoing it.

use super::{Line, Planned, Strike};
use crate::history::{Exit, Fault, Target};
use crate::proxy::Mode;
use crate::stage::Stage;
use chrono::{DateTime, Utc};
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::time::{sleep, sleep_until};

/// A worker that does not stop by then is killed, and the report says so.
const STOPPING: Duration = Duration::from_secs(40);

impl Planned {
    /// Waits for its time, strikes, and returns when all is as before.
    pub async fn carry_out(&self, stage: &Stage, start: Instant) {
        sleep_until((start + self.at).into()).await;
        if let Target::Worker(worker) = self.strike.target() {
            stage.note_death(worker).await;
        }
        stage.faults.begin(self.strike.kind());
        let from = Utc::now();
        self.strike.carry_out(stage, self.lasts).await;
        stage.faults.end(self.strike.record(from));
    }
}

impl Strike {
    async fn carry_out(&self, stage: &Stage, lasts: Duration) {
        match self {
            Self::WorkerKill(worker) => {
                let hand = &stage.hands[*worker];
                hand.end(|worker| async move { worker.kill().await }).await;
                sleep(lasts).await;
                hand.begin(stage).await;
            }
            Self::WorkerFreeze(worker) => {
                let hand = &stage.hands[*worker];
                hand.with(|worker| worker.freeze()).await;
                sleep(lasts).await;
                hand.with(|worker| worker.thaw()).await;
            }
            Self::WorkerStop(worker) => {
                let exit = stop(stage, *worker).await;
                stage.exits.lock().expect("no holder panics").push(exit);
                sleep(lasts).await;
                stage.hands[*worker].begin(stage).await;
            }
            Self::BrokerKill => {
                let mut broker = stage.broker.lock().await;
                broker.kill().await;
                sleep(lasts).await;
                broker.restart().await;
            }
            Self::BrokerStop => {
                let mut broker = stage.broker.lock().await;
                broker.stop().await;
                sleep(lasts).await;
                broker.restart().await;
            }
            Self::BrokerFreeze => {
                let broker = stage.broker.lock().await;
                broker.freeze();
                sleep(lasts).await;
                broker.thaw();
            }
            Self::RedisKill => {
                let mut redis = stage.redis.lock().await;
                redis.kill().await;
                sleep(lasts).await;
                redis.restart().await;
            }
            Self::RedisFreeze => {
                let redis = stage.redis.lock().await;
                redis.freeze();
                sleep(lasts).await;
                redis.thaw();
            }
            Self::Link(line, worker, mode) => {
                switch(stage, *line, *worker, *mode);
                sleep(lasts).await;
                switch(stage, *line, *worker, Mode::Pass);
            }
            Self::Answer(answer) => {
                let number = stage.world.simulator.fault(answer.order.clone()).await;
                sleep(lasts).await;
                stage.no_fault(number).await;
            }
            Self::Revoke => stage.world.simulator.revoke_tokens().await,
            Self::Offline(iq) => {
                stage.world.simulator.change_iq(iq, json!({"online": false})).await;
                sleep(lasts).await;
                stage.world.simulator.change_iq(iq, json!({"online": true})).await;
            }
            Self::Skew(seconds) => {
                stage.set_clock(*seconds).await;
                sleep(lasts).await;
                stage.set_clock(0).await;
            }
            Self::Empty => stage.empty_redis().await,
        }
    }

    fn record(&self, from: DateTime<Utc>) -> Fault {
        let (mut delay_ms, mut retry_after, mut lost_grants) = (0, None, 0);
        if let Self::Link(_, _, Mode::Slow { latency, bytes_per_second }) = self {
            // A command with its answer is a few pieces of half a kilobyte at most.
            let transfer = 1000 * 2000 / u64::from((*bytes_per_second).max(1));
            delay_ms = 4 * u64::try_from(latency.as_millis()).unwrap_or_default() + transfer;
        }
        if let Self::Answer(answer) = self {
            let order = &answer.order;
            retry_after = order["retry_after"].as_u64();
            lost_grants = u64::from(order["call"] == "token" && order["times"] == 1);
        }
        let (kind, target, until) = (self.kind(), self.target(), Utc::now());
        if target == Target::SaltoLink {
            lost_grants = 1;
        }
        Fault { kind, target, from, until, delay_ms, retry_after, lost_grants }
    }
}

/// SIGTERM, and how the worker took it.
async fn stop(stage: &Stage, worker: usize) -> Exit {
    let asked_at = Utc::now();
    let status = stage.hands[worker].stop(STOPPING).await;
    Exit { worker, asked_at, ended_at: Utc::now(), status, asked: true }
}

fn switch(stage: &Stage, line: Line, worker: Option<usize>, mode: Mode) {
    let hands = stage.hands.iter().enumerate();
    let struck = hands.filter(|(number, _)| worker.is_none_or(|one| one == *number));
    match line {
        Line::Broker => struck.for_each(|(_, hand)| hand.to_broker().switch(mode)),
        Line::Redis => struck.for_each(|(_, hand)| hand.to_redis().switch(mode)),
        Line::Salto => stage.salto.switch(mode),
    }
}
