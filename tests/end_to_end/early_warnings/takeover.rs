//! The worker that checks and publishes is killed; and notices that no queue takes.

use super::bookings::answer;
use super::fixture::{booking, reasons, risks, start, states, wait_for_risk, wait_for_state};
use end_to_end::deadline::{SOON, until_true};
use end_to_end::fixture::Fixture;
use end_to_end::inbound::INTEGRATION;
use end_to_end::setup::Setup;
use futures_util::future::join_all;
use serde_json::json;
use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

/// Two workers, of which the first one publishes.
async fn pair() -> Fixture {
    let setup = Setup::new().await;
    let first = start(&setup, "first").await;
    until_true("the first worker to publish", SOON, || async {
        setup.stored().await.iter().any(|(key, _)| key.ends_with(":notices"))
    })
    .await;
    let second = start(&setup, "second").await;
    Fixture::of(setup, vec![first, second]).await
}

async fn assert_told_once(point: &'static str) {
    let fixture = pair().await;
    fixture.workers[0].kill_at(point);
    if point == "after-attention" {
        fixture.setup.simulator.add_fault(answer("me", &json!({"blocked": true}))).await;
    } else {
        // One of the workers may be killed before the message is settled.
        fixture.bus.booking(&booking("unmapped")).await;
    }
    let status = fixture.workers[0].ended(SOON).await;
    assert_eq!(status.signal(), Some(9), "at {point}: {status}");
    let killed = Instant::now();
    if point == "after-attention" {
        wait_for_state(&fixture, INTEGRATION, "user_blocked").await;
    } else {
        wait_for_risk(&fixture, "unmapped", &["no_lock_mapped"]).await;
    }
    assert!(killed.elapsed() <= Duration::from_secs(10), "at {point}: {:?}", killed.elapsed());
    // Checks of the second worker find that it was told.
    fixture.bus.booking(&booking("later")).await;
    let general = if point == "after-attention" { "user_blocked" } else { "no_lock_mapped" };
    wait_for_risk(&fixture, "later", &[general]).await;
    fixture.outbound.catch_up().await;
    if point == "after-attention" {
        assert_eq!(states(&fixture, INTEGRATION), ["user_blocked"], "at {point}");
    } else {
        assert_eq!(risks(&fixture, "unmapped"), [["no_lock_mapped"]], "at {point}");
    }
}

#[tokio::test]
async fn a_worker_killed_between_deciding_and_publishing_loses_and_doubles_nothing() {
    join_all(["after-risk", "before-notice", "after-attention"].map(assert_told_once)).await;
}

#[tokio::test]
async fn notices_without_a_queue_do_not_hold_up_others_and_are_published_later() {
    let setup = Setup::new().await;
    let worker = start(&setup, "worker").await;
    let fixture = Fixture::of(setup, vec![worker]).await;
    fixture.outbound.bind(&["test.#", "lock.#", "integration.#"]).await;
    for number in 0..30 {
        fixture.store_status(&booking(&format!("unmapped-{number}"))).await;
    }
    fixture.workers[0].wait_for_log("no queue is bound for the routing key", SOON).await;
    fixture.setup.simulator.add_fault(answer("me", &json!({"blocked": true}))).await;
    wait_for_state(&fixture, INTEGRATION, "user_blocked").await;
    fixture.outbound.bind(&["#"]).await;
    for number in 0..30 {
        wait_for_risk(&fixture, &format!("unmapped-{number}"), &["user_blocked"]).await;
    }
    let first = &fixture.outbound.events();
    assert!(first.iter().any(|it| it.kind == super::fixture::AT_RISK
        && reasons(&it.data) == ["no_lock_mapped"]));
}
