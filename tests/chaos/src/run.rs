//! One run from start to end: load and faults, then a quiet period, then the collection of the results.

use crate::booking_storage::BookingStorageWatch;
use crate::collect::{self, RunRecord};
use crate::fixtures::Fixtures;
use crate::history::{Exit, History, StoredBooking};
use crate::load::publish::{PublishLog, publish};
use crate::load::{Content, LoadPlan, LoadShape};
use crate::nemesis::{FaultAction, PlannedFault};
use crate::output::{Output, Progress};
use crate::prometheus_targets;
use crate::run_directory::RunDirectory;
use crate::stored_bookings::StoredBookingWatch;
use crate::system::{SystemOptions, SystemUnderTest};
use crate::worker_slot::WorkerSlot;
use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use tokio::time::{interval, sleep, timeout};

/// What a run does.
#[derive(Debug, Clone)]
pub struct RunPlan {
    pub seed: u64,
    pub shape: LoadShape,
    pub workers: usize,
    pub faults: Vec<PlannedFault>,
}

/// The limit of the time after the last message and fault: requests have expired, Salto has answered, the leases of dead
/// workers have ended, and RabbitMQ has moved parked messages by then. A move that its start interrupted is repeated after
/// 180 s (`dead_letter_worker_publisher_confirm_timeout`).
const QUIET: Duration = Duration::from_secs(300);
const STOPPING: Duration = Duration::from_secs(40);
const PROGRESS: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(250);

/// Executes a plan; logs and other files are copied to the directory before they are deleted. Once the workers are ready,
/// their addresses are written to the file `targets`.
///
/// # Panics
/// If the harness itself fails: a server does not start, or the simulator does not answer.
pub async fn run(
    plan: &RunPlan,
    output: Output,
    directory: &RunDirectory,
    targets: Option<&Path>,
) -> History {
    let fixtures = Fixtures::new(&mut StdRng::seed_from_u64(plan.seed), plan.shape.doors());
    output.remark("starting RabbitMQ, Redis, the simulator and workers (half a minute)");
    let kills_broker = |fault: &PlannedFault| matches!(fault.action, FaultAction::BrokerKill);
    let broker_is_killed = plan.faults.iter().any(kills_broker);
    let options =
        SystemOptions { workers: plan.workers, broker_is_killed, ..SystemOptions::default() };
    let system = Arc::new(SystemUnderTest::start(fixtures, options).await);
    // Dropped before the system is.
    let _copy = directory.copy_at_end("");
    if let Some(file) = targets {
        prometheus_targets::write(file, &system.slots);
    }
    let publish_log = Arc::new(PublishLog::default());
    let watch = Arc::new(BookingStorageWatch::default());
    let watching = tokio::spawn({
        let (watch, system) = (Arc::clone(&watch), Arc::clone(&system));
        async move { watch.run(&system).await }
    });
    let stored_bookings = Arc::new(StoredBookingWatch::default());
    let watching_redis = tokio::spawn({
        let (watch, system) = (Arc::clone(&stored_bookings), Arc::clone(&system));
        async move { watch.run(&system).await }
    });

    let (start, began) = (Instant::now(), Utc::now());
    let load = LoadPlan::new(plan.seed, &system.fixtures, plan.shape, began);
    let requests = request_ids(&load).len();
    output.remark(&format!("{} messages, {} faults", load.messages.len(), plan.faults.len()));
    let url = system.setup.vhost.url().to_owned();
    let publishing = tokio::spawn(publish(load, url, start, Arc::clone(&publish_log)));
    let injecting = inject(&plan.faults, &system, start);
    let (system_now, log) = (Arc::clone(&system), Arc::clone(&publish_log));
    let reporting = tokio::spawn(report_progress(output, system_now, log, start));
    for fault in injecting {
        fault.await.expect("a fault is injected and ended");
    }
    publishing.await.expect("everything is published");

    output.remark(
        "everything is published, all faults have ended; waiting for the workers to finish",
    );
    if timeout(QUIET, settle(&system, requests)).await.is_err() {
        output.remark("the workers have not finished everything");
    }
    reporting.abort();
    watching.abort();
    watching_redis.abort();
    let observed = Observed { watch: &watch, stored_bookings: stored_bookings.stored() };
    finish(&system, &publish_log, observed, plan.seed, began).await
}

fn inject(
    faults: &[PlannedFault],
    system: &Arc<SystemUnderTest>,
    start: Instant,
) -> Vec<JoinHandle<()>> {
    let inject = |fault: PlannedFault| {
        let system = Arc::clone(system);
        tokio::spawn(async move { fault.inject(&system, start).await })
    };
    faults.iter().cloned().map(inject).collect()
}

/// What was observed of the storage of bookings.
struct Observed<'a> {
    watch: &'a BookingStorageWatch,
    stored_bookings: Vec<StoredBooking>,
}

async fn finish(
    system: &SystemUnderTest,
    publish_log: &PublishLog,
    observed: Observed<'_>,
    seed: u64,
    began: DateTime<Utc>,
) -> History {
    for worker in 0..system.slots.len() {
        system.record_exit(worker).await;
    }
    let metrics = join_all(system.slots.iter().map(|slot| slot.metrics())).await;
    let stopping = system.slots.iter().enumerate().map(async |(worker, slot)| {
        let asked_at = Utc::now();
        let status = slot.stop(STOPPING).await;
        Exit { worker, asked_at, ended_at: Utc::now(), status, asked: true }
    });
    let exits = join_all(stopping).await;
    system.exits.lock().expect("no holder panics").extend(exits);
    let stored = observed.watch.stored(&system.faults.ended());
    let stored_bookings = observed.stored_bookings;
    let metrics = metrics.into_iter().flatten().collect();
    let record = RunRecord { seed, began, stored, stored_bookings, metrics };
    collect::history(system, publish_log, record).await
}

/// The distinct ids of requests: the outbound listener counts answers by them.
fn request_ids(plan: &LoadPlan) -> BTreeSet<String> {
    let id = |content: &Content| match content {
        Content::Request(request) => Some(request.id.clone()),
        Content::Booking(_) | Content::Invalid(_) | Content::NotRecorded => None,
    };
    plan.messages.iter().filter_map(|message| id(&message.content)).collect()
}

/// Waits until every request is answered, no worker has a message in work, and the queues are empty, several times in a
/// row.
async fn settle(system: &SystemUnderTest, requests: usize) {
    let bus = system.setup.vhost.bus().await;
    let mut times = 0;
    while times < 3 {
        sleep(PAUSE).await;
        let answered = system.outbound.ended_so_far() >= requests;
        let idle = async |slot: &WorkerSlot| {
            slot.is_ready().await && slot.messages_in_flight().await == Some(0)
        };
        let idle = answered
            && join_all(system.slots.iter().map(idle)).await.into_iter().all(|is_idle| is_idle);
        let empty = idle && collect::queues(system, &bus).await.values().all(|depth| *depth == 0);
        times = if empty { times + 1 } else { 0 };
    }
}

async fn report_progress(
    output: Output,
    system: Arc<SystemUnderTest>,
    publish_log: Arc<PublishLog>,
    start: Instant,
) {
    let mut ticks = interval(PROGRESS);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        output.progress(&Progress {
            seconds: start.elapsed().as_secs(),
            published: publish_log.confirmed(),
            answered: system.outbound.ended_so_far(),
            opened: system.setup.simulator.opening_count().await,
            faults: system.faults.ended().len(),
            active_faults: system.faults.active(),
        });
    }
}
