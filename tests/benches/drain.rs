//! Measures how fast workers process waiting open requests, and their resource usage. `make bench` runs it. Arguments:
//! the requests (10000), the rooms whose doors they are for (24, at two IQs; 1: all for one lock), the workers (1).
//!
//! Compare CPU seconds: they vary less than requests per second if broker, Redis, simulator and worker share the
//! machine.

use end_to_end::deadline::SOON;
use end_to_end::inbound::{booking_status, open_request};
use end_to_end::setup::Setup;
use end_to_end::worker::Worker;
use serde_json::{Value, json};
use std::io::Write;
use std::time::{Duration, Instant};

/// Rooms 1 to 24, so that the requests do not all go to one lock.
const ROOMS: usize = 24;
const REQUESTS: usize = 10_000;
const LIMIT: Duration = Duration::from_secs(600);

#[tokio::main]
async fn main() {
    let mut numbers = std::env::args().filter_map(|argument| argument.parse().ok());
    let requests = numbers.next().unwrap_or(REQUESTS);
    let rooms = numbers.next().unwrap_or(ROOMS);
    let count = numbers.next().unwrap_or(1);

    let mut setup = Setup::new().await;
    // The requests wait for a worker while they are published, and for a permit afterwards.
    setup.settings.set("opening.request_ttl", "10m");
    let bus = setup.vhost.bus().await;
    let outbound = bus.listen().await;

    // A first worker declares the queues and stores the bookings.
    let worker = setup.worker("bookings").start().await;
    for room in 1..=rooms {
        let mut booking = booking_status(&format!("b-{room}"), "confirmed");
        booking["data"]["object_ids"] = json!([format!("room-{room}")]);
        bus.booking(&booking).await;
    }
    for room in 1..=rooms {
        let id = format!("warm-{room}");
        bus.open_request(&open_request(&id, &format!("b-{room}"))).await;
        outbound.terminal(&id, SOON).await;
    }
    assert!(worker.stop(SOON).await.success());

    let waiting: Vec<Value> = (0..requests)
        .map(|number| open_request(&format!("r-{number}"), &format!("b-{}", number % rooms + 1)))
        .collect();
    bus.open_requests(&waiting).await;

    let workers: Vec<_> =
        (0..count).map(|number| setup.worker(&format!("drain-{number}")).spawn()).collect();
    let started = Instant::now();
    for worker in &workers {
        worker.ready(SOON).await;
    }
    let ready = started.elapsed();
    outbound.ended(requests + rooms, LIMIT).await;
    let took = started.elapsed();
    let (cpu, memory, parked) = stop(&workers).await;
    let opened = setup.simulator.opening_count().await;
    let mut out = std::io::stdout().lock();
    let per_second = requests as f64 / took.as_secs_f64();
    let per_thousand = cpu.as_secs_f64() * 1000.0 / requests as f64;
    writeln!(
        out,
        "{requests} waiting requests, {count} worker(s): {per_second:.0}/s ({:.2} s, of which {:.2} s until ready), \
         {per_thousand:.3} CPU s per 1,000, at most {} MB resident; parked: {parked}; {} openings at \
         the simulator",
        took.as_secs_f64(),
        ready.as_secs_f64(),
        memory / 1_000_000,
        opened - rooms as u64,
    )
    .expect("the result is written");
}

/// Stops them; their processor time, the largest resident memory in bytes, and what they have parked.
async fn stop(workers: &[Worker]) -> (Duration, u64, String) {
    let (mut cpu, mut memory, mut parked) = (Duration::ZERO, 0, Vec::new());
    for worker in workers {
        let usage = worker.usage();
        cpu += usage.cpu;
        memory = usage.peak_memory.max(memory);
        let metrics = worker.metrics().await;
        let of_parked =
            |line: &str| line.strip_prefix("postern_requests_parked_total").map(str::to_owned);
        parked.extend(metrics.lines().filter_map(of_parked).filter(|line| !line.ends_with(" 0")));
        assert!(worker.stop(SOON).await.success());
    }
    (cpu, memory, parked.join(" "))
}
