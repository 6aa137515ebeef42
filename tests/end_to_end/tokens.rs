//! One token request per integration and token lifetime, for all replicas together (docs/contract.md, invariant 7).

use chrono::{TimeDelta, Utc};
use end_to_end::deadline::SOON;
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::open_request;
use end_to_end::redis::forget;
use end_to_end::setup::Setup;
use serde_json::json;

/// Deletes the token, so that the workers have to request one.
async fn forget_the_token(fixture: &Fixture) {
    forget(fixture.setup.redis_url(), fixture.setup.key_prefix(), "token").await;
}

fn requests(name: &str, count: usize) -> Vec<serde_json::Value> {
    (0..count).map(|number| open_request(&format!("{name}-{number}"), BOOKING)).collect()
}

fn all_opened(fixture: &Fixture) {
    for (request, events) in fixture.outbound.terminals() {
        assert_eq!(events[0].kind, "lock.opened.v1", "{request}: {:?}", events[0].body);
    }
}

#[tokio::test]
async fn four_workers_that_start_at_once_request_one_token() {
    let mut setup = Setup::new().await;
    setup.settings.set("broker.prefetch", 4);
    let mut fixture = Fixture::new(setup, 1).await;
    assert_eq!(fixture.workers[0].stop(SOON).await.code(), Some(0));
    forget_the_token(&fixture).await;
    fixture.bus.open_requests(&requests("R", 40)).await;
    let (before, _) = fixture.setup.simulator.token_requests().await;
    // Long enough that all workers need the token before one of them has it.
    fixture
        .setup
        .simulator
        .add_fault(json!({"kind": "delay", "call": "token", "delay_ms": 2000}))
        .await;
    fixture.workers =
        (1..=4).map(|number| fixture.setup.worker(&format!("worker-{number}")).spawn()).collect();
    fixture.outbound.ended(40, SOON * 2).await;
    all_opened(&fixture);
    assert_eq!(fixture.setup.simulator.token_requests().await, (before + 1, 0));
    let mut busy = 0;
    for worker in &fixture.workers {
        busy += u32::from(worker.settled("open-requests").await > 0);
    }
    assert!(busy > 1, "one worker alone proves nothing");
}

#[tokio::test]
async fn a_token_is_renewed_before_its_end_while_doors_open() {
    let setup = Setup::new().await;
    setup.simulator.change_settings(json!({"token_lifetime_seconds": 20})).await;
    forget(setup.redis_url(), setup.key_prefix(), "token").await;
    let fixture = Fixture::new(setup, 2).await;
    let simulator = &fixture.setup.simulator;
    assert_eq!(fixture.open("first", BOOKING).await.kind, "lock.opened.v1");
    let (before, _) = simulator.token_requests().await;
    // The token is renewed in the last tenth of its life. Salto needs a large part of that time to answer.
    simulator
        .add_fault(json!({"kind": "delay", "call": "token", "delay_ms": 1000, "times": 1}))
        .await;
    let token_requests = || async { simulator.counters().await["calls"]["token"].as_u64() };
    let before_renewal = token_requests().await;
    let (started, mut opened_meanwhile) = (Utc::now(), 0);
    for request in 0.. {
        let renewing = token_requests().await > before_renewal;
        let opened = fixture.open(&format!("R-{request}"), BOOKING).await;
        assert_eq!((&*opened.kind, &opened.data["attempts"]), ("lock.opened.v1", &json!(1)));
        if simulator.token_requests().await.0 > before {
            break;
        }
        opened_meanwhile += u32::from(renewing);
        assert!(Utc::now() - started < TimeDelta::seconds(60), "the token was not renewed");
    }
    assert!(opened_meanwhile > 0, "doors waited for the token");
    assert_eq!(simulator.token_requests().await, (before + 1, 0));
    let commands = simulator.commands().await;
    assert!(commands.iter().all(|command| command.verdict == "opened"), "{commands:?}");
}

#[tokio::test]
async fn a_revoked_token_is_replaced_once_for_all_replicas() {
    let mut setup = Setup::new().await;
    setup.settings.set("broker.prefetch", 4);
    let fixture = Fixture::new(setup, 2).await;
    fixture.bus.open_requests(&requests("before", 8)).await;
    fixture.outbound.ended(8, SOON).await;
    let (before, _) = fixture.setup.simulator.token_requests().await;
    fixture.setup.simulator.revoke_tokens().await;
    fixture.bus.open_requests(&requests("after", 16)).await;
    fixture.outbound.ended(24, SOON).await;
    all_opened(&fixture);
    assert_eq!(fixture.setup.simulator.token_requests().await, (before + 1, 0));
    assert_eq!(fixture.setup.simulator.opening_count().await, 24);
}

#[tokio::test]
async fn tokens_that_are_granted_and_refused_are_replaced_less_and_less_often_until_one_is_accepted()
 {
    let mut setup = Setup::new().await;
    setup.settings.set("opening.command_timeout", "1s");
    setup.settings.set("opening.request_ttl", "8s");
    let fixture = Fixture::new(setup, 2).await;
    let simulator = &fixture.setup.simulator;
    let (before, _) = simulator.token_requests().await;
    simulator.add_fault(json!({"kind": "status", "status": 401, "call": "open"})).await;
    fixture.bus.open_requests(&requests("refused", 8)).await;
    fixture.outbound.ended(8, SOON).await;
    for (request, events) in fixture.outbound.terminals() {
        let failed = &events[0];
        assert_eq!(failed.text("reason"), "salto_unavailable", "{request}: {:?}", failed.body);
        assert_eq!(failed.text("class"), "temporary");
    }
    // Replaced at once, then after 1 s, 2 s and 4 s.
    let granted = simulator.token_requests().await.0 - before;
    assert!((2..=4).contains(&granted), "{granted} tokens");
    simulator.clear_faults().await;
    let mut opened = open_request("accepted", BOOKING);
    opened["data"]["expires_at"] = end_to_end::inbound::time(60).into();
    fixture.bus.open_requests(&[opened]).await;
    assert_eq!(fixture.outbound.terminal("accepted", SOON * 2).await.kind, "lock.opened.v1");
}

#[tokio::test]
async fn rejected_credentials_are_not_tried_again_by_other_replicas_or_after_restarts_until_they_change()
 {
    let mut setup = Setup::new().await;
    setup.settings.set_integration("password", "of-last-year");
    setup.settings.set("broker.prefetch", 1);
    let mut fixture = Fixture::new(setup, 2).await;
    fixture.bus.open_requests(&requests("R", 8)).await;
    fixture.outbound.ended(8, SOON).await;
    fixture.wait_until_settled("open-requests", 8).await;
    for (request, events) in fixture.outbound.terminals() {
        let failed = &events[0];
        assert_eq!(failed.text("reason"), "credentials_rejected", "{request}");
        assert_eq!((failed.text("class"), &failed.data["attempts"]), ("configuration", &json!(0)));
    }
    for worker in &fixture.workers {
        assert!(worker.settled("open-requests").await > 0, "both workers had work");
        assert_eq!(worker.stop(SOON).await.code(), Some(0));
    }
    let (_, denied) = fixture.setup.simulator.token_requests().await;
    assert_eq!(denied, 1);

    fixture.workers = vec![fixture.setup.worker("restarted").start().await];
    assert_eq!(fixture.open("again", BOOKING).await.text("reason"), "credentials_rejected");
    assert_eq!(
        fixture.setup.simulator.token_requests().await.1,
        1,
        "the restarted one waits as well"
    );

    fixture.wait_until_settled("open-requests", 1).await;
    assert_eq!(fixture.workers[0].stop(SOON).await.code(), Some(0));
    fixture.setup.settings.set_integration("password", "demo-password");
    fixture.workers = vec![fixture.setup.worker("corrected").start().await];
    assert_eq!(fixture.open("at-last", BOOKING).await.kind, "lock.opened.v1");
    assert_eq!(fixture.bus.wait_for_dead_letters(9, SOON).await.len(), 9);
}
