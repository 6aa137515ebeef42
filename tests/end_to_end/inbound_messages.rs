//! The forms in which messages of the booking system are accepted (docs/contract.md, Events).

use end_to_end::deadline::SOON;
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::{INTEGRATION, SOURCE, booking_status, open_request, time};
use end_to_end::setup::Setup;
use end_to_end::worker::Worker;
use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable};
use serde_json::json;

/// Properties of an event in binary mode, with this beginning of its headers' names.
fn binary(prefix: &str, event_type: &str, id: &str) -> BasicProperties {
    let mut headers = FieldTable::default();
    for (name, value) in [
        ("specversion", "1.0"),
        ("type", event_type),
        ("source", SOURCE),
        ("id", id),
        ("time", &time(0)),
    ] {
        let value = AMQPValue::LongString(value.into());
        headers.insert(format!("{prefix}{name}").into(), value);
    }
    BasicProperties::default().with_content_type("application/json".into()).with_headers(headers)
}

/// Waits until a worker has parked at least this number of requests whose booking is unknown.
async fn wait_until_parked(worker: &Worker, count: usize) {
    let count = u32::try_from(count).expect("it is small").into();
    let parked = r#"postern_requests_parked_total{reason="booking"}"#;
    worker.wait_for_metric(parked, count, SOON).await;
}

#[tokio::test]
async fn binary_mode_opens_doors_and_survives_waiting() {
    let fixture = Fixture::new(Setup::new().await, 1).await;
    let exchange = "postern.inbound";
    for (number, prefix) in ["cloudEvents:", "cloudEvents_"].into_iter().enumerate() {
        // The request comes first and waits, in a retry queue, for its booking.
        let (id, booking) = (format!("R-{number}"), format!("B-binary-{number}"));
        let data = json!({"integration_id": INTEGRATION, "booking_id": booking});
        let properties = binary(prefix, "lock.open-request.v1", &id);
        let body = data.to_string().into_bytes();
        fixture.bus.publish_raw(exchange, "lock.open-request", &body, properties).await;
        wait_until_parked(&fixture.workers[0], number + 1).await;
        let status = booking_status(&booking, "paid")["data"].to_string().into_bytes();
        let properties = binary(prefix, "booking.status.v1", &format!("S-{number}"));
        fixture.bus.publish_raw(exchange, "booking.status", &status, properties).await;
        let answer = fixture.outbound.terminal(&id, SOON).await;
        assert_eq!(answer.kind, "lock.opened.v1", "{prefix}");
    }
}

#[tokio::test]
async fn a_batch_is_named_in_its_dead_letter() {
    let fixture = Fixture::new(Setup::new().await, 1).await;
    let batch = json!([open_request("R-1", BOOKING), open_request("R-2", BOOKING)]).to_string();
    let properties =
        BasicProperties::default().with_content_type("application/cloudevents-batch+json".into());
    let key = "lock.open-request";
    fixture.bus.publish_raw("postern.inbound", key, batch.as_bytes(), properties).await;
    fixture.wait_until_settled("open-requests", 1).await;
    let letter = fixture.bus.dead_letters().await.remove(0);
    assert_eq!(letter.header("postern-reason"), "malformed");
    assert!(letter.header("postern-detail").contains("batches are refused"));
}

#[tokio::test]
async fn with_strict_routing_the_key_must_name_the_integration() {
    let mut setup = Setup::new().await;
    setup.settings.set("broker.routing", "strict");
    let bus = setup.vhost.bus().await;
    let worker = setup.worker("strict").start().await;
    let outbound = bus.listen().await;
    let status = booking_status(BOOKING, "paid");
    let own = |key: &str| format!("{key}.{INTEGRATION}");
    bus.publish("postern.inbound", &own("booking.status"), &status).await;
    worker.wait_until_settled("booking-status", 1, SOON).await;
    let request = |id: &str| open_request(id, BOOKING);
    let foreign = [
        ("postern.inbound", "lock.open-request".to_owned()),
        ("postern.inbound", "lock.open-request.other".to_owned()),
        ("postern.inbound", own("lock.open-request") + ".more"),
        ("", "postern.open-requests".to_owned()),
    ];
    for (number, (exchange, key)) in foreign.iter().enumerate() {
        bus.publish(exchange, key, &request(&format!("foreign-{number}"))).await;
    }
    bus.publish("postern.inbound", "booking.status", &booking_status(BOOKING, "cancelled")).await;
    worker.wait_until_settled("open-requests", 4, SOON).await;
    worker.wait_until_settled("booking-status", 2, SOON).await;
    let letters = bus.dead_letters().await;
    assert_eq!(letters.len(), 5);
    for letter in &letters {
        assert_eq!(letter.header("postern-reason"), "wrong_routing_key", "{letter:?}");
    }
    bus.publish("postern.inbound", &own("lock.open-request"), &request("R-1")).await;
    assert_eq!(outbound.terminal("R-1", SOON).await.kind, "lock.opened.v1");

    // Replays do not hide the key of the first arrival.
    let output = setup.postern(&["dlq", "replay", "--all"]).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    worker.wait_until_settled("open-requests", 9, SOON).await;
    assert_eq!(bus.dead_letters().await.len(), 5);
    assert_eq!(setup.simulator.opening_count().await, 1);
}

#[tokio::test]
async fn with_strict_routing_a_request_may_wait_in_a_retry_queue() {
    let mut setup = Setup::new().await;
    setup.settings.set("broker.routing", "strict");
    let bus = setup.vhost.bus().await;
    let worker = setup.worker("strict").start().await;
    let outbound = bus.listen().await;
    let key = format!("lock.open-request.{INTEGRATION}");
    bus.publish("postern.inbound", &key, &open_request("R-1", BOOKING)).await;
    wait_until_parked(&worker, 1).await;
    let key = format!("booking.status.{INTEGRATION}");
    bus.publish("postern.inbound", &key, &booking_status(BOOKING, "paid")).await;
    assert_eq!(outbound.terminal("R-1", SOON).await.kind, "lock.opened.v1");
}
