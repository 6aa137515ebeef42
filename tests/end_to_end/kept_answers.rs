//! An answer does not change for as long as a copy of its message exists (docs/contract.md, invariant 1).

use std::time::Duration;

use deadpool_redis::redis::cmd;
use end_to_end::deadline::{SOON, until_true};
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::{booking_status, open_request, time};
use end_to_end::redis::{connect, forget};
use end_to_end::setup::Setup;
use end_to_end::simulator::IQ_GROUND_FLOOR;

/// The time that is left of the only record of a request.
async fn lifetime(setup: &Setup) -> Duration {
    let prefix = format!("{}request:", setup.key_prefix());
    let stored = setup.stored().await;
    let records: Vec<_> = stored.iter().filter(|(key, _)| key.starts_with(&prefix)).collect();
    let [(key, _)] = records[..] else { panic!("{} records", records.len()) };
    let mut redis = connect(setup.redis_url()).await;
    let left: i64 = cmd("PTTL").arg(key).query_async(&mut redis).await.expect("Redis answers");
    Duration::from_millis(u64::try_from(left).expect("the record expires"))
}

/// Replays all dead letters.
async fn replay_all(fixture: &Fixture) {
    let settled = fixture.settled("open-requests").await;
    let output = fixture.setup.postern(&["dlq", "replay", "--all"]).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fixture.wait_until_settled("open-requests", settled + 1).await;
}

/// The request `R-1` has so many answers by now, and the last one is the first one.
async fn assert_answered_alike(fixture: &Fixture, count: usize) {
    fixture.outbound.catch_up().await;
    let terminals = &fixture.outbound.terminals()["R-1"];
    assert_eq!(terminals.len(), count);
    assert_eq!(terminals[0].body, terminals[count - 1].body);
}

#[tokio::test]
async fn a_dead_letter_is_answered_alike_after_the_ledger_has_forgotten_its_request() {
    let fixture = Fixture::new(Setup::unactivated().await, 1).await;
    fixture.open("R-1", BOOKING).await;
    fixture.wait_until_settled("open-requests", 1).await;
    let letter = fixture.bus.dead_letters().await.remove(0);
    fixture.setup.activate(IQ_GROUND_FLOOR).await;
    // Twice: as after months, and again soon after.
    for replays in 1..=2 {
        if replays == 1 {
            forget(fixture.setup.redis_url(), fixture.setup.key_prefix(), "request:").await;
            replay_all(&fixture).await;
        } else {
            let properties = lapin::BasicProperties::default()
                .with_headers(letter.properties.headers().clone().expect("it has headers"));
            fixture.bus.publish_raw("", "postern.open-requests", &letter.body, properties).await;
            fixture.wait_until_settled("open-requests", 3).await;
        }
        assert_answered_alike(&fixture, replays + 1).await;
    }
    assert_eq!(fixture.setup.simulator.opening_count().await, 0);
    assert!(fixture.bus.dead_letters().await.is_empty(), "no second dead letter");
}

#[tokio::test]
async fn an_answer_in_the_headers_of_a_publisher_has_no_effect() {
    let fixture = Fixture::new(Setup::unactivated().await, 1).await;
    fixture.open("R-1", BOOKING).await;
    fixture.wait_until_settled("open-requests", 1).await;
    let letter = fixture.bus.dead_letters().await.remove(0);
    fixture.setup.activate(IQ_GROUND_FLOOR).await;
    let body = serde_json::to_vec(&open_request("R-2", BOOKING)).expect("JSON can be written");
    let headers = letter.properties.headers().clone().expect("it has headers");
    let properties = lapin::BasicProperties::default().with_headers(headers);
    fixture.bus.publish_raw("postern.inbound", "lock.open-request", &body, properties).await;
    assert_eq!(fixture.outbound.terminal("R-2", SOON).await.kind, "lock.opened.v1");
}

#[tokio::test]
async fn an_outcome_outlives_the_retention_while_its_message_is_not_settled() {
    let mut setup = Setup::new().await;
    setup.settings.set("retention.outcomes", "1s");
    let mut fixture = Fixture::new(setup, 1).await;
    fixture.workers[0].kill_at("before-ack");
    let mut request = open_request("R-1", BOOKING);
    request["data"]["expires_at"] = time(3).into();
    fixture.bus.open_request(&request).await;
    fixture.workers[0].ended(SOON).await;
    let first = fixture.outbound.terminal("R-1", SOON).await;
    assert_eq!(first.kind, "lock.opened.v1");
    assert!(lifetime(&fixture.setup).await > Duration::from_secs(24 * 3_600));

    // The request's expiry and the retention pass meanwhile: after them the answer would be another one.
    until_true("the request's expiry", SOON, || async {
        time(-2).as_str() > request["data"]["expires_at"].as_str().expect("a time")
    })
    .await;
    let worker = fixture.setup.worker("second").start().await;
    fixture.workers = vec![worker];
    fixture.wait_until_settled("open-requests", 1).await;
    assert_answered_alike(&fixture, 2).await;
    assert_eq!(fixture.setup.simulator.opening_count().await, 1);
}

#[tokio::test]
async fn the_retention_counts_once_a_message_is_settled() {
    let fixture = Fixture::new(Setup::new().await, 1).await;
    fixture.open("R-1", BOOKING).await;
    until_true("the retention to count", SOON, || async {
        lifetime(&fixture.setup).await < Duration::from_secs(25 * 3_600)
    })
    .await;
}

#[tokio::test]
async fn an_id_that_was_used_for_another_request_is_a_dead_letter() {
    let fixture = Fixture::new(Setup::new().await, 1).await;
    fixture.store_status(&booking_status("B-2", "paid")).await;
    assert_eq!(fixture.open("R-1", BOOKING).await.kind, "lock.opened.v1");
    fixture.bus.open_request(&open_request("R-1", "B-2")).await;
    fixture.wait_until_settled("open-requests", 2).await;
    let letters = fixture.bus.dead_letters().await;
    let [letter] = &letters[..] else { panic!("{} dead letters", letters.len()) };
    assert_eq!(letter.header("postern-reason"), "id_conflict");
    assert!(letter.header("postern-detail").contains(BOOKING), "it names the first request");
    let listed = fixture.setup.postern(&["dlq", "list", "--output", "json"]).await;
    let listed = String::from_utf8(listed.stdout).expect("JSON is text");
    assert!(listed.contains(r#""prediction":"still_malformed""#), "{listed}");

    // The first request is as it was.
    fixture.bus.open_request(&open_request("R-1", BOOKING)).await;
    fixture.wait_until_settled("open-requests", 3).await;
    assert_answered_alike(&fixture, 2).await;
    assert_eq!(fixture.setup.simulator.opening_count().await, 1);
}

#[tokio::test]
async fn a_dead_letter_is_answered_alike_after_another_request_was_given_its_id() {
    let fixture = Fixture::new(Setup::unactivated().await, 1).await;
    fixture.store_status(&booking_status("B-2", "paid")).await;
    fixture.open("R-1", BOOKING).await;
    fixture.wait_until_settled("open-requests", 1).await;
    forget(fixture.setup.redis_url(), fixture.setup.key_prefix(), "request:").await;
    let mut other = open_request("R-1", "B-2");
    other["time"] = time(-120).into();
    fixture.bus.open_request(&other).await;
    fixture.wait_until_settled("open-requests", 2).await;

    replay_all(&fixture).await;
    assert_answered_alike(&fixture, 3).await;
    assert!(fixture.bus.dead_letters().await.is_empty(), "no dead letter of a conflict");
}
