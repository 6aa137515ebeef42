//! The number of concurrent commands to an IQ and of an integration is limited, for all workers together.

use chrono::{DateTime, TimeDelta, Utc};
use end_to_end::deadline::SOON;
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::open_request;
use end_to_end::setup::Setup;
use end_to_end::simulator::ROOM_12;
use serde_json::{Value, json};

/// The duration of each command.
const DELAY: i64 = 300;
const PER_IQ: usize = 4;
const PER_INTEGRATION: usize = 6;

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
async fn three_workers_together_respect_the_limits_of_an_iq_and_of_an_integration() {
    let mut setup = Setup::new().await;
    setup.settings.set("broker.prefetch", 16);
    setup.settings.set("opening.in_flight_per_iq", i64::try_from(PER_IQ).expect("small"));
    let per_integration = i64::try_from(PER_INTEGRATION).expect("small");
    setup.settings.set("opening.in_flight_per_integration", per_integration);
    let fixture = Fixture::new(setup, 3).await;
    fixture.store_booking("room-13").await;
    let delay = json!({"kind": "delay", "delay_ms": DELAY, "call": "open"});
    fixture.setup.simulator.add_fault(delay).await;
    let requests: Vec<Value> = (0..60)
        .map(|number| {
            let booking = if number % 2 == 0 { BOOKING } else { "room-13" };
            open_request(&format!("r-{number}"), booking)
        })
        .collect();
    fixture.bus.open_requests(&requests).await;
    fixture.outbound.ended(60, SOON * 3).await;

    let terminals = fixture.outbound.terminals();
    assert!(terminals.values().all(|events| events[0].kind == "lock.opened.v1"), "{terminals:?}");
    let commands = fixture.setup.simulator.commands().await;
    assert_eq!(commands.len(), 60);
    let (ground, first): (Vec<_>, Vec<_>) =
        commands.iter().partition(|command| command.lock_id.as_deref() == Some(ROOM_12));
    let most = |commands: Vec<DateTime<Utc>>, limit: usize| {
        let most = most_at_once(commands);
        // One command at a time would respect any limit.
        assert!((2..=limit).contains(&most), "{most} at once, where {limit} may be");
    };
    most(ground.iter().map(|command| command.received_at).collect(), PER_IQ);
    most(first.iter().map(|command| command.received_at).collect(), PER_IQ);
    most(commands.iter().map(|command| command.received_at).collect(), PER_INTEGRATION);
    for worker in &fixture.workers {
        assert!(worker.settled("open-requests").await > 0, "all three had work");
    }
}
