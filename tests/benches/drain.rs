//! Measures how fast one worker processes waiting open requests, and its resource usage. `make bench` runs it.
//!
//! Compare CPU seconds: they vary less than requests per second if broker, Redis, simulator and worker share the
//! machine.

use end_to_end::deadline::SOON;
use end_to_end::inbound::{booking_status, open_request};
use end_to_end::setup::Setup;
use serde_json::{Value, json};
use std::io::Write;
use std::time::{Duration, Instant};

/// Rooms 1 to 24, so that the requests do not all go to one lock.
const ROOMS: usize = 24;
const LIMIT: Duration = Duration::from_secs(600);

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let requests = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(10_000);

    let mut setup = Setup::new().await;
    // The requests wait for a worker while they are published, and for a permit afterwards.
    setup.settings.set("opening.request_ttl", "10m");
    let bus = setup.vhost.bus().await;
    let outbound = bus.listen().await;

    // A first worker declares the queues and stores the bookings.
    let worker = setup.worker("bookings").start().await;
    for room in 1..=ROOMS {
        let mut booking = booking_status(&format!("b-{room}"), "confirmed");
        booking["data"]["object_ids"] = json!([format!("room-{room}")]);
        bus.booking(&booking).await;
    }
    for room in 1..=ROOMS {
        let id = format!("warm-{room}");
        bus.open_request(&open_request(&id, &format!("b-{room}"))).await;
        outbound.terminal(&id, SOON).await;
    }
    assert!(worker.stop(SOON).await.success());

    let waiting: Vec<Value> = (0..requests)
        .map(|number| open_request(&format!("r-{number}"), &format!("b-{}", number % ROOMS + 1)))
        .collect();
    bus.open_requests(&waiting).await;

    let worker = setup.worker("drain").spawn();
    let started = Instant::now();
    worker.ready(SOON).await;
    let ready = started.elapsed();
    outbound.ended(requests + ROOMS, LIMIT).await;
    let took = started.elapsed();
    let usage = worker.usage();
    let parked = worker.metrics().await;
    let parked: Vec<_> =
        parked.lines().filter_map(|it| it.strip_prefix("postern_requests_parked_total")).collect();
    let parked = parked.join(" ");
    assert!(worker.stop(SOON).await.success());

    let opened = setup.simulator.opening_count().await;
    let mut out = std::io::stdout().lock();
    let per_second = requests as f64 / took.as_secs_f64();
    let per_thousand = usage.cpu.as_secs_f64() * 1000.0 / requests as f64;
    writeln!(
        out,
        "{requests} waiting requests, one worker: {per_second:.0}/s ({:.2} s, of which {:.2} s until ready), \
         {per_thousand:.3} CPU s per 1,000, at most {} MB resident; parked: {parked}; {} openings at \
         the simulator",
        took.as_secs_f64(),
        ready.as_secs_f64(),
        usage.peak_memory / 1_000_000,
        opened - ROOMS as u64,
    )
    .expect("the result is written");
}
