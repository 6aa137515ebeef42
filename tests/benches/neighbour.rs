//! Whether an IQ whose commands hang keeps guests at other doors waiting. `deploy/bench.sh neighbour` runs it.
//!
//! One worker, fifty requests a second to five IQs that are well: first alone, then beside fifty more a second to a
//! sixth that accepts commands and never answers. What counts is the time from publishing a request to its command's
//! arrival at Salto.

use chrono::{DateTime, Utc};
use end_to_end::broker::{Bus, OutboundListener, request_queues};
use end_to_end::deadline::SOON;
use end_to_end::inbound::{booking_status, open_request};
use end_to_end::processes::ResourceUsage;
use end_to_end::setup::Setup;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::ops::Range;
use std::sync::Mutex;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};

/// The first is the one that falls ill.
const IQS: usize = 6;
const SICK: Range<usize> = 0..1;
const WELL: Range<usize> = 1..IQS;
/// So many that a lock's next request comes after its last one's command: the two need no name to be matched.
const LOCKS: usize = 24;
/// Between two requests of one stream.
const EVERY: Duration = Duration::from_millis(20);
const ALONE: Duration = Duration::from_secs(20);
const BESIDE: Duration = Duration::from_secs(30);
const HOLD: Duration = Duration::from_secs(30);
/// The default lifetime of a request, and then some.
const ENDED: Duration = Duration::from_secs(120);

/// A request that was published.
struct Asked {
    lock: String,
    at: DateTime<Utc>,
    phase: &'static str,
}

#[tokio::main]
async fn main() {
    let mut setup = Setup::with_salto(&salto()).await;
    for iq in 0..IQS {
        setup.activate(&id(2, iq, 0)).await;
        for lock in 0..LOCKS {
            setup.settings.map(&object(iq, lock), &id(3, iq, lock));
        }
    }
    setup.settings.set("broker.prefetch", 64);
    let worker = setup.worker("worker").start().await;
    let bus = setup.vhost.bus().await;
    let outbound = bus.listen().await;
    for iq in 0..IQS {
        let mut booking = booking_status(&booking(iq), "paid");
        booking["data"]["object_ids"] = (0..LOCKS).map(|lock| object(iq, lock)).collect();
        bus.booking(&booking).await;
    }
    worker.wait_until_settled("booking-status", IQS as u64, SOON).await;
    let mut asked = guests(&bus, ("warm-up", 0..IQS), EVERY * 30).await;
    outbound.ended(asked.len(), SOON).await;

    let begun = worker.usage();
    asked.extend(guests(&bus, ("alone", WELL), ALONE).await);
    outbound.ended(asked.len(), SOON).await;
    let alone = since(begun, worker.usage());

    let begun = worker.usage();
    let hang = json!({"kind": "no_answer", "call": "open", "iq": id(2, 0, 0), "hold_ms": HOLD.as_millis()});
    setup.simulator.add_fault(hang).await;
    let second = setup.vhost.bus().await;
    let deepest = Mutex::new(BTreeMap::new());
    let (well, sick) = tokio::select! {
        asked = async {
            tokio::join!(guests(&bus, ("beside", WELL), BESIDE), guests(&second, ("sick", SICK), BESIDE))
        } => asked,
        () = watch(setup.vhost.bus().await, &deepest) => unreachable!("it watches until it is dropped"),
    };
    let beside = since(begun, worker.usage());
    let ended = ends(&outbound, "sick").values().sum::<usize>();
    let (wells, sicks) = (well.len(), sick.len());
    asked.extend(well.into_iter().chain(sick));
    outbound.ended(asked.len(), ENDED).await;

    let mut out = std::io::stdout().lock();
    let mut tell = |line: String| writeln!(out, "{line}").expect("the result is written");
    tell(format!("{wells} requests to the others: {:?}", ends(&outbound, "beside")));
    let mut waits = waits(&setup, asked).await;
    let mut take = |phase| waits.remove(phase).expect("requests of that phase");
    let (without, with) = (spread(take("alone")), spread(take("beside")));
    tell(format!("from request to command, alone:             {}", shown(&without)));
    tell(format!("from request to command, beside a sick IQ:  {}", shown(&with)));
    let ratio = |at: usize| with[at] / without[at];
    tell(format!("ratio: p50 {:.2}, p99 {:.2}, max {:.2}", ratio(0), ratio(1), ratio(2)));
    tell(format!(
        "{sicks} requests to the sick one: {:?}; {ended} of them ended while guests came",
        ends(&outbound, "sick")
    ));
    tell(format!("the worker, alone:  {}", spent(&alone, ALONE)));
    tell(format!("the worker, beside: {}", spent(&beside, BESIDE)));
    tell(format!("most messages that waited: {:?}", deepest.lock().expect("no holder panics")));
    assert!(worker.stop(SOON).await.success());
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

/// A stream of requests, spread over the IQs and their locks.
async fn guests(
    bus: &Bus,
    (phase, iqs): (&'static str, Range<usize>),
    lasting: Duration,
) -> Vec<Asked> {
    let mut pace = interval(EVERY);
    pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut asked = Vec::new();
    for number in 0..lasting.as_millis() as usize / EVERY.as_millis() as usize {
        let (iq, lock) = (iqs.start + number % iqs.len(), number / iqs.len() % LOCKS);
        pace.tick().await;
        let mut request = open_request(&format!("{phase}-{number}"), &booking(iq));
        request["data"]["object_id"] = object(iq, lock).into();
        asked.push(Asked { lock: id(3, iq, lock), at: Utc::now(), phase });
        bus.open_request(&request).await;
    }
    asked
}

/// Looks again and again how much waits where, and keeps the most.
async fn watch(bus: Bus, deepest: &Mutex<BTreeMap<&'static str, u32>>) {
    let mut pace = interval(Duration::from_millis(500));
    loop {
        pace.tick().await;
        for queue in request_queues() {
            // A queue that is not there has nothing in it.
            let waiting = bus.waiting(queue).await.unwrap_or_default();
            let mut deepest = deepest.lock().expect("no holder panics");
            let most = deepest.entry(queue).or_default();
            *most = waiting.max(*most);
        }
    }
}

/// Milliseconds from request to command, by phase, of the IQs that are well.
async fn waits(setup: &Setup, asked: Vec<Asked>) -> BTreeMap<&'static str, Vec<f64>> {
    let mut commands = BTreeMap::<_, Vec<_>>::new();
    for command in setup.simulator.commands().await {
        let of_lock = commands.entry(command.lock_id.expect("a lock's id")).or_default();
        of_lock.push(command.received_at);
    }
    commands.values_mut().for_each(|times| times.sort_unstable());
    let mut requests = BTreeMap::<_, Vec<_>>::new();
    for request in asked {
        requests.entry(request.lock).or_default().push((request.at, request.phase));
    }
    let mut waits = BTreeMap::<_, Vec<_>>::new();
    for (lock, requests) in WELL
        .flat_map(|iq| (0..LOCKS).map(move |lock| id(3, iq, lock)))
        .filter_map(|lock| requests.remove_entry(&lock))
    {
        let commands = &commands[&lock];
        assert_eq!(commands.len(), requests.len(), "each request comes to one command");
        for ((at, phase), command) in requests.into_iter().zip(commands) {
            waits.entry(phase).or_default().push((*command - at).as_seconds_f64() * 1000.0);
        }
    }
    waits
}

/// p50, p99 and the longest.
fn spread(mut waits: Vec<f64>) -> [f64; 3] {
    waits.sort_by(f64::total_cmp);
    let last = waits.len() - 1;
    [waits[last / 2], waits[last * 99 / 100], waits[last]]
}

fn shown([half, most, longest]: &[f64; 3]) -> String {
    format!("p50 {half:.1} ms, p99 {most:.1} ms, at most {longest:.1} ms")
}

/// How many of a phase's requests ended how.
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

fn since(begun: ResourceUsage, now: ResourceUsage) -> ResourceUsage {
    ResourceUsage { cpu: now.cpu.saturating_sub(begun.cpu), ..now }
}

fn spent(cost: &ResourceUsage, time: Duration) -> String {
    format!(
        "{:.2} CPU s in {} s, at most {} MB resident so far",
        cost.cpu.as_secs_f64(),
        time.as_secs(),
        cost.peak_memory / 1_000_000
    )
}
