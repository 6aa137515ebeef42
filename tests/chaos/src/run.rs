//! One run from its beginning to its end: load and faults, then quiet, then everything is collected.

use crate::collect;
use crate::history::{Exit, History, Stored};
use crate::keep::Directory;
use crate::load::publish::{Ledger, publish};
use crate::load::{Content, Plan, Shape};
use crate::nemesis::{Planned, Strike};
use crate::stage::Stage;
use crate::stored::Watch;
use crate::town::Town;
use crate::voice::{Progress, Voice};
use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::{interval, sleep, timeout};

/// What is to be done.
#[derive(Debug, Clone)]
pub struct Order {
    pub seed: u64,
    pub shape: Shape,
    pub workers: usize,
    pub strikes: Vec<Planned>,
}

/// After the last message and fault: what waits for its expiry, for Salto or for a dead worker's lease is done by then.
const QUIET: Duration = Duration::from_secs(100);
const STOPPING: Duration = Duration::from_secs(40);
const PROGRESS: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(250);

/// Does it; logs and the like are kept in the directory before they go.
///
/// # Panics
/// Where the harness itself fails: a server does not start, the simulator does not answer.
pub async fn run(order: &Order, voice: Voice, directory: &Directory) -> History {
    let town = Town::new(&mut StdRng::seed_from_u64(order.seed), order.shape.doors());
    voice.say("starting RabbitMQ, Redis, the simulator and workers (half a minute)");
    let dies = |planned: &Planned| matches!(planned.strike, Strike::BrokerKill);
    let broker_dies = order.strikes.iter().any(dies);
    let stage = Arc::new(Stage::set(town, order.workers, broker_dies).await);
    // Dropped before the stage is.
    let _keeper = Keeper(directory);
    let ledger = Arc::new(Ledger::default());
    let watch = Arc::new(Watch::default());
    let looking = tokio::spawn({
        let (watch, stage) = (Arc::clone(&watch), Arc::clone(&stage));
        async move { watch.look(&stage).await }
    });

    let (start, began) = (Instant::now(), Utc::now());
    let plan = Plan::new(order.seed, &stage.town, order.shape, began);
    let requests = ids(&plan);
    voice.say(&format!("{} messages, {} faults", plan.messages.len(), order.strikes.len()));
    let publishing =
        tokio::spawn(publish(plan, stage.world.vhost.url().to_owned(), start, Arc::clone(&ledger)));
    let striking = order.strikes.iter().cloned().map(|planned| {
        let stage = Arc::clone(&stage);
        tokio::spawn(async move { planned.carry_out(&stage, start).await })
    });
    let striking: Vec<_> = striking.collect();
    let telling = tokio::spawn(tell(voice, Arc::clone(&stage), Arc::clone(&ledger), start));
    for strike in striking {
        strike.await.expect("a fault is done and undone");
    }
    publishing.await.expect("everything is published");

    voice.say("all published, all faults over; waiting until nothing is left to do");
    let settled = timeout(QUIET, settle(&stage, requests.len())).await.is_ok();
    if !settled {
        voice.say("not everything has come to an end");
    }
    telling.abort();
    looking.abort();
    finish(&stage, &ledger, &watch, (order.seed, began)).await
}

async fn finish(
    stage: &Stage,
    ledger: &Ledger,
    watch: &Watch,
    beginning: (u64, DateTime<Utc>),
) -> History {
    for worker in 0..stage.hands.len() {
        stage.note_death(worker).await;
    }
    let metrics = join_all(stage.hands.iter().map(|hand| hand.metrics())).await;
    let stopping = stage.hands.iter().enumerate().map(async |(worker, hand)| {
        let asked_at = Utc::now();
        let status = hand.stop(STOPPING).await;
        Exit { worker, asked_at, ended_at: Utc::now(), status, asked: true }
    });
    let exits = join_all(stopping).await;
    stage.exits.lock().expect("no holder panics").extend(exits);
    let stored: Vec<Stored> = watch.stored(&stage.faults.over());
    let metrics = metrics.into_iter().flatten().collect();
    collect::history(stage, ledger, stored, beginning, metrics).await
}

/// Distinct ids of requests; the outbox counts answers by them.
fn ids(plan: &Plan) -> BTreeSet<String> {
    let id = |content: &Content| match content {
        Content::Request(request) => Some(request.id.clone()),
        Content::Booking(_) | Content::Garbage(_) => None,
    };
    plan.messages.iter().filter_map(|message| id(&message.content)).collect()
}

/// Until everything is answered and nobody holds or keeps anything.
async fn settle(stage: &Stage, requests: usize) {
    let bus = stage.world.vhost.bus().await;
    let mut calm = 0;
    while calm < 3 {
        sleep(PAUSE).await;
        let answered = stage.outbox.ended_so_far() >= requests;
        let idle = answered
            && join_all(
                stage
                    .hands
                    .iter()
                    .map(async |hand| hand.is_ready().await && hand.holds().await == Some(0)),
            )
            .await
            .into_iter()
            .all(|idle| idle);
        let empty = idle && collect::queues(stage, &bus).await.values().all(|depth| *depth == 0);
        calm = if empty { calm + 1 } else { 0 };
    }
}

async fn tell(voice: Voice, stage: Arc<Stage>, ledger: Arc<Ledger>, start: Instant) {
    let mut ticks = interval(PROGRESS);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        voice.progress(&Progress {
            seconds: start.elapsed().as_secs(),
            published: ledger.confirmed(),
            answered: stage.outbox.ended_so_far(),
            opened: stage.world.simulator.opened().await,
            faults: stage.faults.over().len(),
            at_work: stage.faults.running(),
        });
    }
}

/// Keeps what there is when a run ends, or ends in a panic.
struct Keeper<'a>(&'a Directory);

impl Drop for Keeper<'_> {
    fn drop(&mut self) {
        self.0.keep();
    }
}
