//! Each role works with exactly the rights that docs/security.md gives it.

use crate::operator::postern;
use end_to_end::broker::Bus;
use end_to_end::deadline::{SOON, until_true};
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::{INTEGRATION, booking_status, open_request};
use end_to_end::redis::PrivateRedis;
use end_to_end::setup::Setup;
use serde_json::{Value, json};

const SECURITY: &str = include_str!("../../docs/security.md");

/// The cells of the table's row that begins with this one, without backticks and without the backslash before a bar.
fn row(first: &str) -> Vec<String> {
    let line = SECURITY.lines().find(|line| line.starts_with(&format!("| {first} |")));
    let line = line.unwrap_or_else(|| panic!("docs/security.md has a row {first}"));
    let cells = line.replace("\\|", "\u{0}");
    let cell = |cell: &str| cell.trim().trim_matches('`').replace('\u{0}', "|");
    cells.split('|').skip(1).map(cell).collect()
}

fn permissions(role: &str) -> Value {
    let row = row(role);
    json!({"configure": row[1], "write": row[2], "read": row[3]})
}

#[tokio::test]
async fn a_worker_declares_everything_and_opens_doors_with_its_rights() {
    let mut setup = Setup::new().await;
    let url = setup.vhost.url_with_permissions(&permissions("worker")).await;
    setup.settings.set("broker.url", url);
    let fixture = Fixture::new(setup, 1).await;
    assert_eq!(fixture.open("first", BOOKING).await.kind, "lock.opened.v1");
    // A request without a booking is parked, and an invalid message becomes a dead letter.
    assert_eq!(fixture.open("parked", "no-booking").await.data["reason"], "booking_unknown");
    fixture.bus.publish("postern.inbound", "lock.open-request", &json!({"no": "event"})).await;
    fixture.bus.wait_for_dead_letters(1, SOON).await;
    let doctor = postern(&fixture.setup, &["doctor", "--output", "json"]).await;
    let about_rabbitmq =
        |row: &&Value| row["check"].as_str().is_some_and(|check| check.starts_with("rabbitmq."));
    for finding in doctor.rows.iter().filter(about_rabbitmq) {
        assert!(finding["level"] != "broken" && finding["level"] != "warning", "{finding}");
    }
}

#[tokio::test]
async fn a_publisher_is_limited_to_its_integration_by_a_topic_permission() {
    let mut setup = Setup::new().await;
    setup.settings.set("broker.routing", "strict");
    let worker = setup.worker("worker").start().await;
    let outbound = setup.vhost.bus().await.listen().await;
    let vhost = &setup.vhost;
    let url = vhost.url_with_permissions(&permissions("publisher")).await;
    let row = row("publisher of one integration");
    let write = row[2].replace("acme-utrecht", INTEGRATION);
    vhost.set_topic_permission(&json!({"exchange": row[1], "write": write, "read": row[3]})).await;
    let publisher = Bus::connect(&url).await;
    let (booking, key) = (booking_status(BOOKING, "paid"), format!("booking.status.{INTEGRATION}"));
    publisher.publish("postern.inbound", &key, &booking).await;
    let key = format!("lock.open-request.{INTEGRATION}");
    publisher.publish("postern.inbound", &key, &open_request("own", BOOKING)).await;
    assert_eq!(outbound.terminal("own", SOON).await.kind, "lock.opened.v1");
    let foreign = open_request("foreign", BOOKING);
    let refused =
        publisher.try_publish("postern.inbound", "lock.open-request.other", &foreign).await;
    assert!(refused.unwrap_err().to_string().contains("ACCESS_REFUSED"));
    assert!(worker.stop(SOON).await.success());
}

#[tokio::test]
async fn a_reader_gets_events_into_a_queue_of_its_own() {
    let fixture = Fixture::new(Setup::new().await, 1).await;
    let url = fixture.setup.vhost.url_with_permissions(&permissions("reader")).await;
    let reader = Bus::connect(&url).await;
    reader.declare_bound("acme.answers", "postern.outbound", "#").await;
    fixture.open("first", BOOKING).await;
    until_true("an event in the reader's queue", SOON, || async {
        reader.waiting("acme.answers").await.is_some_and(|count| count >= 1)
    })
    .await;
}

#[tokio::test]
async fn an_operator_follows_events_and_handles_dead_letters() {
    let mut fixture = Fixture::new(Setup::new().await, 1).await;
    fixture.bus.publish("postern.inbound", "lock.open-request", &json!({"no": "event"})).await;
    fixture.bus.wait_for_dead_letters(1, SOON).await;
    let url = fixture.setup.vhost.url_with_permissions(&permissions("operator")).await;
    fixture.setup.settings.set("broker.url", url);
    let setup = &fixture.setup;
    let listed = postern(setup, &["dlq", "list"]).await.assert_done();
    let id = listed.rows[0]["id"].as_str().expect("a text").to_owned();
    postern(setup, &["dlq", "show", &id]).await.assert_done();
    postern(setup, &["dlq", "replay", &id]).await.assert_done();
    fixture.bus.wait_for_dead_letters(1, SOON).await;
    let tail = setup.postern_in_background("tail", &["tail", "--count", "1"]);
    tail.wait_for_log("listening", SOON).await;
    fixture.open("seen", BOOKING).await;
    assert_eq!(tail.ended(SOON).await.code(), Some(0), "{}", tail.log());
    let archive = setup.directory().join("dropped.jsonl").display().to_string();
    postern(setup, &["dlq", "drop", "--reason", "malformed", "--yes", "--archive", &archive])
        .await
        .assert_done();
}

#[tokio::test]
async fn a_worker_opens_doors_with_its_rights_in_redis() {
    let server = PrivateRedis::start().await;
    let setup = Setup::on_redis(&server).await;
    let line = SECURITY.lines().find(|line| line.starts_with("user postern on")).expect("a line");
    let prefix = format!("~{}*", setup.key_prefix());
    let rule = line.replace("~postern:*", &prefix).replace("PASSWORD", "hush");
    server.set_user(&rule).await;
    let mut setup = setup;
    setup.settings.set("redis.url", server.url().replace("redis://", "redis://postern:hush@"));
    let fixture = Fixture::new(setup, 1).await;
    assert_eq!(fixture.open("first", BOOKING).await.kind, "lock.opened.v1");
    let doctor = postern(&fixture.setup, &["doctor", "--output", "json"]).await;
    let about_redis =
        |row: &&Value| row["check"].as_str().is_some_and(|check| check.starts_with("redis."));
    for finding in doctor.rows.iter().filter(about_redis) {
        assert_ne!(finding["level"], "broken", "{finding}");
    }
}
