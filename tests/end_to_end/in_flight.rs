//! The number of concurrent commands to a lock, to an IQ and of an integration is limited, for all workers together.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use end_to_end::deadline::SOON;
use end_to_end::fixture::Fixture;
use end_to_end::inbound::open_request;
use end_to_end::setup::Setup;
use serde_json::{Value, json};

/// The duration of each command.
const DELAY: i64 = 300;
const PER_IQ: usize = 4;
const PER_INTEGRATION: usize = 6;

/// The lock of room-13, the first one at the second IQ.
const FIRST_OF_SECOND_IQ: &str = "10c00000-0000-4000-8000-00000000000d";

/// The largest number of concurrent commands.
fn most_at_once(mut received: Vec<DateTime<Utc>>) -> usize {
    received.sort_unstable();
    // The simulator records a command when it has read it; the answer follows after the delay or later.
    let delay = TimeDelta::milliseconds(DELAY);
    let at = |moment: &DateTime<Utc>| {
        let on_their_way = |since: &&DateTime<Utc>| **since <= *moment && *moment < **since + delay;
        received.iter().filter(on_their_way).count()
    };
    received.iter().map(at).max().unwrap_or_default()
}

#[tokio::test]
async fn three_workers_together_respect_the_limits_of_a_lock_an_iq_and_an_integration() {
    let mut setup = Setup::new().await;
    setup.settings.set("broker.prefetch", 16);
    setup.settings.set("opening.in_flight_per_iq", i64::try_from(PER_IQ).expect("small"));
    let per_integration = i64::try_from(PER_INTEGRATION).expect("small");
    setup.settings.set("opening.in_flight_per_integration", per_integration);
    let fixture = Fixture::new(setup, 3).await;
    // Six rooms at each IQ; more requests than rooms, so that several are for one lock.
    let rooms = [1, 2, 3, 4, 5, 6, 13, 14, 15, 16, 17, 18].map(|room| format!("room-{room}"));
    for room in &rooms {
        fixture.store_booking(room).await;
    }
    let delay = json!({"kind": "delay", "delay_ms": DELAY, "call": "open"});
    fixture.setup.simulator.add_fault(delay).await;
    let requests: Vec<Value> = (0..60)
        .map(|number| open_request(&format!("r-{number}"), &rooms[number % rooms.len()]))
        .collect();
    fixture.bus.open_requests(&requests).await;
    fixture.outbound.ended(60, SOON * 3).await;

    let terminals = fixture.outbound.terminals();
    assert!(terminals.values().all(|events| events[0].kind == "lock.opened.v1"), "{terminals:?}");
    let commands = fixture.setup.simulator.commands().await;
    assert_eq!(commands.len(), 60);
    let mut at_lock: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for command in &commands {
        let lock = command.lock_id.clone().expect("each command names its lock");
        at_lock.entry(lock).or_default().push(command.received_at);
    }
    assert_eq!(at_lock.len(), rooms.len());
    for (lock, received) in &at_lock {
        assert_eq!(most_at_once(received.clone()), 1, "to the lock {lock}");
    }
    let (ground, first): (Vec<_>, Vec<_>) =
        at_lock.iter().partition(|(lock, _)| lock.as_str() < FIRST_OF_SECOND_IQ);
    let most = |locks: Vec<(&String, &Vec<DateTime<Utc>>)>, limit: usize| {
        let most =
            most_at_once(locks.into_iter().flat_map(|(_, received)| received.clone()).collect());
        // One command at a time would respect any limit.
        assert!((2..=limit).contains(&most), "{most} at once, where {limit} may be");
    };
    most(ground, PER_IQ);
    most(first, PER_IQ);
    most(at_lock.iter().collect(), PER_INTEGRATION);
    for worker in &fixture.workers {
        assert!(worker.settled("open-requests").await > 0, "all three had work");
    }
}
