//! Measures whether an IQ whose commands hang delays requests to other doors. `deploy/bench.sh neighbour` runs it.
//!
//! One worker gets fifty requests per second to five IQs without faults: first alone, then with fifty more per second
//! to a sixth IQ that accepts commands and never answers. The result is the time from the publication of a request to
//! the arrival of its command at Salto.

use chrono::{DateTime, Utc};
use end_to_end::broker::{Bus, OutboundListener, request_queues};
use end_to_end::deadline::SOON;
use end_to_end::inbound::{booking_status, open_request};
use end_to_end::processes::ResourceUsage;
use end_to_end::setup::Setup;
use end_to_end::worker::Worker;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::ops::Range;
use std::sync::Mutex;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};

/// The first IQ hangs.
const IQS: usize = 6;
const HANGING: Range<usize> = 0..1;
const OTHERS: Range<usize> = 1..IQS;
/// Enough that the next request for a lock comes after the command of the last one: then they can be matched in order.
const LOCKS: usize = 24;
/// The time between two requests of one stream.
const EVERY: Duration = Duration::from_millis(20);
const ALONE: Duration = Duration::from_secs(20);
const TOGETHER: Duration = Duration::from_secs(30);
const HOLD: Duration = Duration::from_secs(30);
/// The default life of a request, with a margin.
const ENDED: Duration = Duration::from_secs(120);

/// A published request.
struct Published {
    lock: String,
    at: DateTime<Utc>,
    phase: &'static str,
}

/// A stream of requests.
#[derive(Clone)]
struct Stream {
    phase: &'static str,
    iqs: Range<usize>,
    duration: Duration,
}

/// The results of the phase with the hanging IQ.
struct Together {
    others: Vec<Published>,
    hanging: Vec<Published>,
    usage: ResourceUsage,
    /// Requests to the hanging IQ that ended while requests were published.
    ended: usize,
    most_waiting: BTreeMap<&'static str, u32>,
}

#[tokio::main]
async fn main() {
    let setup = prepare().await;
    let worker = setup.worker("worker").start().await;
    let bus = setup.vhost.bus().await;
    let outbound = bus.listen().await;
    store_bookings(&bus, &worker).await;
    let warm_up = Stream { phase: "warm-up", iqs: 0..IQS, duration: EVERY * 30 };
    let mut published = publish(&bus, warm_up).await;
    outbound.ended(published.len(), SOON).await;

    let before = worker.usage();
    let stream = Stream { phase: "alone", iqs: OTHERS, duration: ALONE };
    published.extend(publish(&bus, stream).await);
    outbound.ended(published.len(), SOON).await;
    let alone = since(before, worker.usage());

    let together = with_hanging_iq(&setup, &bus, &outbound, &worker).await;
    let (others, hanging) = (together.others.len(), together.hanging.len());
    published.extend(together.others.into_iter().chain(together.hanging));
    outbound.ended(published.len(), ENDED).await;

    let mut out = std::io::stdout().lock();
    let mut print = |line: String| writeln!(out, "{line}").expect("the result is written");
    print(format!("{others} requests to the other IQs: {:?}", ends(&outbound, "together")));
    let mut waits = waits(&setup, published).await;
    let mut take = |phase| waits.remove(phase).expect("requests of that phase");
    let (without, with) = (percentiles(take("alone")), percentiles(take("together")));
    print(format!("from request to command, without a hanging IQ: {}", shown(&without)));
    print(format!("from request to command, with a hanging IQ:    {}", shown(&with)));
    let ratio = |at: usize| with[at] / without[at];
    print(format!("ratio: p50 {:.2}, p99 {:.2}, max {:.2}", ratio(0), ratio(1), ratio(2)));
    print(format!(
        "{hanging} requests to the hanging IQ: {:?}; {} of them ended while requests were published",
        ends(&outbound, "hanging"),
        together.ended
    ));
    print(format!("the worker without a hanging IQ: {}", shown_usage(&alone, ALONE)));
    print(format!("the worker with a hanging IQ:    {}", shown_usage(&together.usage, TOGETHER)));
    print(format!("most messages that waited: {:?}", together.most_waiting));
    assert!(worker.stop(SOON).await.success());
}

async fn prepare() -> Setup {
    let mut setup = Setup::with_salto(&salto()).await;
    for iq in 0..IQS {
        setup.activate(&id(2, iq, 0)).await;
        for lock in 0..LOCKS {
            setup.settings.map(&object(iq, lock), &id(3, iq, lock));
        }
    }
    setup.settings.set("broker.prefetch", 64);
    setup
}

async fn store_bookings(bus: &Bus, worker: &Worker) {
    for iq in 0..IQS {
        let mut booking = booking_status(&booking(iq), "paid");
        booking["data"]["object_ids"] = (0..LOCKS).map(|lock| object(iq, lock)).collect();
        bus.booking(&booking).await;
    }
    worker.wait_until_settled("booking-status", IQS as u64, SOON).await;
}

/// Publishes requests to all IQs while the commands of one hang.
async fn with_hanging_iq(
    setup: &Setup,
    bus: &Bus,
    outbound: &OutboundListener,
    worker: &Worker,
) -> Together {
    let before = worker.usage();
    let hang = json!({"kind": "no_answer", "call": "open", "iq": id(2, 0, 0), "hold_ms": HOLD.as_millis()});
    setup.simulator.add_fault(hang).await;
    let second = setup.vhost.bus().await;
    let most_waiting = Mutex::new(BTreeMap::new());
    let to_others = Stream { phase: "together", iqs: OTHERS, duration: TOGETHER };
    let to_hanging = Stream { phase: "hanging", iqs: HANGING, duration: TOGETHER };
    let (others, hanging) = tokio::select! {
        published = async {
            tokio::join!(publish(bus, to_others), publish(&second, to_hanging))
        } => published,
        () = watch(setup.vhost.bus().await, &most_waiting) => unreachable!("it watches until it is dropped"),
    };
    Together {
        others,
        hanging,
        usage: since(before, worker.usage()),
        ended: ends(outbound, "hanging").values().sum(),
        most_waiting: most_waiting.into_inner().expect("no holder panics"),
    }
}

/// One site with all the IQs.
fn salto() -> Value {
    let iq = |iq| json!({"id": id(2, iq, 0), "customer_reference": format!("iq-{iq}"), "secret": "NeighboursIqs001", "pin": "0470"});
    let lock = |iq, lock| json!({"id": id(3, iq, lock), "customer_reference": object(iq, lock), "iq_id": id(2, iq, 0)});
    let locks = (0..IQS).flat_map(|iq| (0..LOCKS).map(move |number| lock(iq, number)));
    json!({
        "clients": [{"id": "postern-demo", "secret": "demo-client-secret"}],
        "accounts": [{"username": "system-user@acme.example", "password": "demo-password"}],
        "sites": [{
            "id": id(1, 0, 0), "site_uid": "NL6254340082", "customer_reference": "neighbours",
            "iqs": (0..IQS).map(iq).collect::<Value>(), "locks": locks.collect::<Value>(),
        }],
    })
}

fn id(kind: usize, iq: usize, lock: usize) -> String {
    format!("{kind}b1c0000-0000-4000-8000-{iq:04x}{lock:08x}")
}

fn object(iq: usize, lock: usize) -> String {
    format!("iq-{iq}-room-{lock}")
}

fn booking(iq: usize) -> String {
    format!("b-{iq}")
}

/// Publishes a stream of requests, spread over its IQs and their locks.
async fn publish(bus: &Bus, stream: Stream) -> Vec<Published> {
    let Stream { phase, iqs, duration } = stream;
    let mut pace = interval(EVERY);
    pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut published = Vec::new();
    for number in 0..duration.as_millis() as usize / EVERY.as_millis() as usize {
        let (iq, lock) = (iqs.start + number % iqs.len(), number / iqs.len() % LOCKS);
        pace.tick().await;
        let mut request = open_request(&format!("{phase}-{number}"), &booking(iq));
        request["data"]["object_id"] = object(iq, lock).into();
        published.push(Published { lock: id(3, iq, lock), at: Utc::now(), phase });
        bus.open_request(&request).await;
    }
    published
}

/// Reads the number of waiting messages of each queue regularly, and keeps the largest.
async fn watch(bus: Bus, most_waiting: &Mutex<BTreeMap<&'static str, u32>>) {
    let mut pace = interval(Duration::from_millis(500));
    loop {
        pace.tick().await;
        for queue in request_queues() {
            // A queue that does not exist has no messages.
            let waiting = bus.waiting(queue).await.unwrap_or_default();
            let mut most_waiting = most_waiting.lock().expect("no holder panics");
            let most = most_waiting.entry(queue).or_default();
            *most = waiting.max(*most);
        }
    }
}

/// Milliseconds from request to command, by phase, of the IQs that do not hang.
async fn waits(setup: &Setup, published: Vec<Published>) -> BTreeMap<&'static str, Vec<f64>> {
    let mut commands = BTreeMap::<_, Vec<_>>::new();
    for command in setup.simulator.commands().await {
        let of_lock = commands.entry(command.lock_id.expect("a lock's id")).or_default();
        of_lock.push(command.received_at);
    }
    commands.values_mut().for_each(|times| times.sort_unstable());
    let mut requests = BTreeMap::<_, Vec<_>>::new();
    for request in published {
        requests.entry(request.lock).or_default().push((request.at, request.phase));
    }
    let mut waits = BTreeMap::<_, Vec<_>>::new();
    for (lock, requests) in OTHERS
        .flat_map(|iq| (0..LOCKS).map(move |lock| id(3, iq, lock)))
        .filter_map(|lock| requests.remove_entry(&lock))
    {
        let commands = &commands[&lock];
        assert_eq!(commands.len(), requests.len(), "each request has one command");
        for ((at, phase), command) in requests.into_iter().zip(commands) {
            waits.entry(phase).or_default().push((*command - at).as_seconds_f64() * 1000.0);
        }
    }
    waits
}

/// p50, p99 and the longest.
fn percentiles(mut waits: Vec<f64>) -> [f64; 3] {
    waits.sort_by(f64::total_cmp);
    let last = waits.len() - 1;
    [waits[last / 2], waits[last * 99 / 100], waits[last]]
}

fn shown([half, most, longest]: &[f64; 3]) -> String {
    format!("p50 {half:.1} ms, p99 {most:.1} ms, at most {longest:.1} ms")
}

/// The number of a phase's requests by the way in which they ended.
fn ends(outbound: &OutboundListener, phase: &str) -> BTreeMap<String, usize> {
    let mut ends = BTreeMap::new();
    for (request, events) in outbound.terminals() {
        if request.starts_with(phase) {
            let reason = events[0].text("reason");
            let how = if reason.is_empty() { "opened" } else { reason };
            *ends.entry(how.to_owned()).or_default() += 1;
        }
    }
    ends
}

fn since(before: ResourceUsage, now: ResourceUsage) -> ResourceUsage {
    ResourceUsage { cpu: now.cpu.saturating_sub(before.cpu), ..now }
}

fn shown_usage(usage: &ResourceUsage, time: Duration) -> String {
    format!(
        "{:.2} CPU s in {} s, at most {} MB resident so far",
        usage.cpu.as_secs_f64(),
        time.as_secs(),
        usage.peak_memory / 1_000_000
    )
}
