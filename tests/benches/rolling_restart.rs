//! Measures what a rolling restart costs the guests: four workers under a hundred requests per second are stopped and
//! started again, one after the other. `deploy/bench.sh rolling_restart` runs it. Where `POSTERN_OLDER_BIN` names another build
//! of `postern`, the workers run that one first, and each restart is an upgrade; then each is rolled back.
//!
//! It fails where a request has no answer, another answer than `lock.opened`, or two different ones.

use chrono::{DateTime, Utc};
use end_to_end::broker::{Bus, OutboundListener};
use end_to_end::deadline::SOON;
use end_to_end::inbound::{booking_status, open_request};
use end_to_end::setup::Setup;
use end_to_end::worker::Worker;
use serde_json::json;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

const WORKERS: usize = 4;
const ROOMS: usize = 24;
/// A hundred requests per second.
const EVERY: Duration = Duration::from_millis(10);
/// Before the first restart, between two, and after the last.
const QUIET: Duration = Duration::from_secs(4);
/// Salto takes some time for a command, so that some are in flight whenever a worker is stopped.
const COMMAND_MS: u64 = 50;
const LIMIT: Duration = Duration::from_secs(90);

/// One pass over all workers.
struct Pass {
    name: &'static str,
    /// The program that they are started from; the one under test where it is none.
    program: Option<PathBuf>,
}

#[tokio::main]
async fn main() {
    let mut setup = Setup::new().await;
    setup.settings.set("opening.in_flight_per_iq", 64);
    setup.settings.set("opening.in_flight_per_integration", 128);
    let older = std::env::var_os("POSTERN_OLDER_BIN").map(PathBuf::from);
    let mut workers = Vec::new();
    for number in 0..WORKERS {
        workers.push(start(&setup, number, "first", older.as_ref()).await);
    }
    let bus = setup.vhost.bus().await;
    let outbound = bus.listen().await;
    store_bookings(&bus).await;
    let slow = json!({"kind": "delay", "delay_ms": COMMAND_MS, "call": "open"});
    setup.simulator.add_fault(slow).await;

    let mut passes = vec![Pass { name: "restart", program: None }];
    if older.is_some() {
        passes[0].name = "upgrade";
        passes.push(Pass { name: "rollback", program: older });
    }
    let mut published = BTreeMap::new();
    publish(&bus, "quiet", QUIET * 4, &mut published).await;
    for pass in passes {
        let restarted = restart_all(&setup, &mut workers, &pass);
        let requests = publish_until(&bus, pass.name, &mut published, restarted);
        let stops = requests.await;
        let longest = stops.iter().max().copied().unwrap_or_default();
        print(&format!("{}: stopping a worker took at most {} ms", pass.name, longest.as_millis()));
    }
    outbound.ended(published.len(), LIMIT).await;
    report(&setup, &outbound, &published).await;
    for worker in &workers {
        assert!(worker.stop(SOON).await.success());
    }
}

async fn start(setup: &Setup, number: usize, pass: &str, program: Option<&PathBuf>) -> Worker {
    let worker = setup.worker(&format!("{pass}-{number}"));
    match program {
        Some(program) => worker.program(program).start().await,
        None => worker.start().await,
    }
}

async fn store_bookings(bus: &Bus) {
    for room in 1..=ROOMS {
        let mut booking = booking_status(&format!("b-{room}"), "confirmed");
        booking["data"]["object_ids"] = json!([format!("room-{room}")]);
        bus.booking(&booking).await;
    }
}

/// Stops and starts each worker, as an operator does: the next one once this one is ready. How long each stop took.
async fn restart_all(setup: &Setup, workers: &mut [Worker], pass: &Pass) -> Vec<Duration> {
    let mut stops = Vec::new();
    for (number, worker) in workers.iter_mut().enumerate() {
        let began = Instant::now();
        assert!(worker.stop(SOON).await.success());
        stops.push(began.elapsed());
        *worker = start(setup, number, pass.name, pass.program.as_ref()).await;
        sleep(QUIET).await;
    }
    stops
}

/// Publishes requests at an even pace for this time.
async fn publish(
    bus: &Bus,
    name: &'static str,
    duration: Duration,
    published: &mut BTreeMap<String, DateTime<Utc>>,
) {
    publish_until(bus, name, published, sleep(duration)).await;
}

/// Publishes requests at an even pace until something else has ended; what that answers.
async fn publish_until<T>(
    bus: &Bus,
    name: &'static str,
    published: &mut BTreeMap<String, DateTime<Utc>>,
    until: impl Future<Output = T>,
) -> T {
    let mut pace = interval(EVERY);
    pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
    tokio::pin!(until);
    for number in 0.. {
        tokio::select! {
            result = &mut until => return result,
            _ = pace.tick() => {}
        }
        let id = format!("{name}-{number:06}");
        bus.open_request(&open_request(&id, &format!("b-{}", number % ROOMS + 1))).await;
        published.insert(id, Utc::now());
    }
    unreachable!("the numbers do not end")
}

/// Prints the latencies of each phase, and fails where a request was lost, failed or opened twice.
async fn report(
    setup: &Setup,
    outbound: &OutboundListener,
    published: &BTreeMap<String, DateTime<Utc>>,
) {
    let (ended_at, terminals) = (outbound.ended_at(), outbound.terminals());
    let mut latencies = BTreeMap::<&str, Vec<i64>>::new();
    let (mut lost, mut not_opened, mut different) = (0, 0, 0);
    for (id, at) in published {
        let phase = id.split('-').next().unwrap_or_default();
        match ended_at.get(id) {
            Some(ended) => {
                latencies.entry(phase).or_default().push((*ended - *at).num_milliseconds());
            }
            None => lost += 1,
        }
        let events = terminals.get(id).map_or(&[][..], Vec::as_slice);
        not_opened += usize::from(events.iter().any(|event| event.kind != "lock.opened.v1"));
        different += usize::from(events.iter().any(|event| event.data != events[0].data));
    }
    for (phase, mut waits) in latencies {
        waits.sort_unstable();
        let last = waits.len() - 1;
        print(&format!(
            "{phase}: {} requests, from request to answer p50 {} ms, p99 {} ms, at most {} ms",
            waits.len(),
            waits[last / 2],
            waits[last * 99 / 100],
            waits[last]
        ));
    }
    let openings = setup.simulator.opening_count().await;
    print(&format!(
        "{} requests, {openings} openings: {lost} lost, {not_opened} not opened, {different} with two different answers",
        published.len()
    ));
    assert_eq!((lost, not_opened, different), (0, 0, 0));
    assert_eq!(usize::try_from(openings), Ok(published.len()));
}

fn print(line: &str) {
    writeln!(std::io::stdout(), "{line}").expect("the result is written");
}
