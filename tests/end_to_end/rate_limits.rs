//! Salto asks for a pause: it applies to the whole integration and to all replicas, whatever call it came on.

use chrono::{DateTime, TimeDelta, Utc};
use end_to_end::deadline::{SOON, until_true};
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::open_request;
use end_to_end::redis::{connect, forget};
use end_to_end::setup::Setup;
use end_to_end::simulator::OpenCommand;
use reqwest::Method;
use serde_json::json;

const PAUSE: i64 = 3;

/// Eight more requests during the pause: all doors open, but not before its end.
async fn commands_after_the_pause(fixture: &Fixture, since: DateTime<Utc>) -> Vec<OpenCommand> {
    until_true("the pause to be known to all", SOON, || async {
        fixture.setup.stored().await.iter().any(|(key, _)| key.contains(":pause:"))
    })
    .await;
    let requests: Vec<_> = (0..8).map(|n| open_request(&format!("more-{n}"), BOOKING)).collect();
    fixture.bus.open_requests(&requests).await;
    fixture.outbound.ended(9, SOON).await;
    let terminals = fixture.outbound.terminals();
    assert!(terminals.values().all(|events| events[0].kind == "lock.opened.v1"), "{terminals:?}");
    for worker in &fixture.workers {
        assert!(worker.settled("open-requests").await > 0, "both workers had work");
    }
    let commands = fixture.setup.simulator.commands().await;
    let early: Vec<_> = commands
        .iter()
        .filter(|it| it.fault.is_none() && it.received_at < since + TimeDelta::seconds(PAUSE))
        .collect();
    assert!(early.is_empty(), "paused at {since}: {early:?}");
    commands
}

async fn two_workers() -> Fixture {
    let mut setup = Setup::new().await;
    // A small prefetch, so that both workers get messages.
    setup.settings.set("broker.prefetch", 2);
    Fixture::new(setup, 2).await
}

#[tokio::test]
async fn after_a_429_to_a_command_no_replica_sends_another_within_the_pause() {
    let fixture = two_workers().await;
    let fault = json!({"kind": "rate_limit", "retry_after": PAUSE, "call": "open", "times": 1});
    fixture.setup.simulator.add_fault(fault).await;
    fixture.bus.open_request(&open_request("first", BOOKING)).await;
    fixture.setup.simulator.wait_for_commands(1, SOON).await;
    let paused_at = fixture.setup.simulator.commands().await[0].received_at;
    let commands = commands_after_the_pause(&fixture, paused_at).await;
    assert_eq!(commands.len(), 10, "one was turned away, and each guest needed one");
    assert_eq!(fixture.outbound.terminal("first", SOON).await.data["attempts"], 2);
}

#[tokio::test]
async fn after_a_429_to_a_token_request_no_replica_calls_within_the_pause() {
    let mut setup = Setup::new().await;
    setup.settings.set("broker.prefetch", 2);
    // Workers read the list of IQs when they start; without a token they stop there.
    forget(setup.redis_url(), setup.key_prefix(), "token").await;
    setup.simulator.add_fault(json!({"kind": "identity_gone"})).await;
    let fixture = Fixture::new(setup, 2).await;
    for worker in &fixture.workers {
        worker.wait_for_log("the site's IQs cannot be checked", SOON).await;
    }
    fixture.setup.simulator.clear_faults().await;
    let (granted, _) = fixture.setup.simulator.token_requests().await;
    let fault = json!({"kind": "rate_limit", "retry_after": PAUSE, "call": "token", "times": 1});
    fixture.setup.simulator.add_fault(fault).await;
    let requested_at = Utc::now();
    fixture.bus.open_request(&open_request("first", BOOKING)).await;
    let commands = commands_after_the_pause(&fixture, requested_at).await;
    assert_eq!(commands.len(), 9);
    assert_eq!(fixture.outbound.terminal("first", SOON).await.data["attempts"], 1);
    assert_eq!(fixture.setup.simulator.token_requests().await.0, granted + 1);
}

/// The rest of the integration's pause in milliseconds, as all workers know it.
async fn pause_left(fixture: &Fixture) -> i64 {
    let stored = fixture.setup.stored().await;
    let (key, _) = stored.iter().find(|(key, _)| key.contains(":pause:")).expect("a pause");
    let mut redis = connect(fixture.setup.redis_url()).await;
    let left = deadpool_redis::redis::cmd("PTTL").arg(key).query_async(&mut redis).await;
    left.expect("Redis answers")
}

#[tokio::test]
async fn a_date_in_retry_after_is_by_saltos_clock_not_by_ours() {
    let fixture = Fixture::new(Setup::new().await, 1).await;
    let salto_ahead = TimeDelta::hours(1);
    let offset = json!({"offset_seconds": salto_ahead.num_seconds()});
    fixture.setup.simulator.control(Method::PUT, "clock", Some(offset)).await;
    let until = (Utc::now() + salto_ahead + TimeDelta::seconds(PAUSE)).to_rfc2822();
    let fault = json!({"kind": "rate_limit", "retry_after": until, "call": "open", "times": 1});
    fixture.setup.simulator.add_fault(fault).await;
    let opened = fixture.open("first", BOOKING).await;
    assert_eq!(opened.kind, "lock.opened.v1", "{opened:?}");
    let commands = fixture.setup.simulator.commands().await;
    let apart = commands[commands.len() - 1].received_at - commands[0].received_at;
    assert!(apart >= TimeDelta::seconds(PAUSE - 2), "{apart}");
}

#[tokio::test]
async fn a_pause_beyond_the_expiry_fails_the_request_as_rate_limited() {
    let setup = Setup::new().await;
    let fixture = Fixture::new(setup, 1).await;
    let fault = json!({"kind": "rate_limit", "retry_after": 3600, "call": "open", "times": 1});
    fixture.setup.simulator.add_fault(fault).await;
    for (id, attempts) in [("told", 1), ("warned", 0)] {
        let failed = fixture.open(id, BOOKING).await;
        assert_eq!((&*failed.kind, failed.text("reason")), ("lock.open-failed.v1", "rate_limited"));
        assert_eq!(
            (failed.text("class"), &failed.data["attempts"]),
            ("temporary", &json!(attempts))
        );
    }
    assert_eq!(fixture.setup.simulator.commands().await.len(), 1);
    let left = pause_left(&fixture).await;
    assert!((800_000..=900_000).contains(&left), "15 minutes at most, not {left} ms");
    fixture.wait_until_settled("open-requests", 2).await;
    assert_eq!(fixture.bus.dead_letters().await.len(), 2);
}
