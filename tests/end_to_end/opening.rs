//! A guest opens a door: the calls to Salto and the events to the booking system.

use chrono::{DateTime, Utc};
use end_to_end::deadline::SOON;
use end_to_end::inbound::{INTEGRATION, SOURCE, booking_status, open_request, time};
use end_to_end::setup::Setup;
use end_to_end::simulator::{FRONT_DOOR, IQ_FIRST_FLOOR, IQ_GROUND_FLOOR, ROOM_12};
use serde_json::{Value, json};

const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const TRACE_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

#[tokio::test]
async fn a_guest_opens_the_door_and_the_booking_system_gets_all_events() {
    let setup = Setup::new().await;
    let worker = setup.worker("worker").start().await;
    let bus = setup.vhost.bus().await;
    let outbound = bus.listen().await;
    bus.booking(&booking_status("B-1", "paid")).await;
    worker.wait_until_settled("booking-status", 1, SOON).await;

    let mut request = open_request("R-1", "B-1");
    request["traceparent"] = TRACEPARENT.into();
    request["data"]["requested_by"] = "terminal-7".into();
    request["data"]["guest_name"] = "Jane Doe".into();
    bus.publish("postern.inbound", "lock.open-request.acme", &request).await;
    let opened = outbound.terminal("R-1", SOON).await;
    let check_in = outbound.answer("R-1", "booking.check-in.v1", SOON).await;

    let openings = setup.simulator.openings().await;
    assert_eq!(openings.len(), 1);
    assert_eq!((&*openings[0].lock_id, &*openings[0].iq_id), (ROOM_12, IQ_GROUND_FLOOR));
    let since_opened = instant(&opened.data["opened_at"]) - openings[0].opened_at;
    assert!((0..10_000).contains(&since_opened.num_milliseconds()), "{since_opened}");

    let mut data = json!({
        "integration_id": INTEGRATION, "booking_id": "B-1", "requested_by": "terminal-7",
        "request_id": "R-1", "request_source": SOURCE, "object_id": "room-12", "lock_id": ROOM_12,
        "iq_id": IQ_GROUND_FLOOR, "record_in_field": "salto_opened_at", "attempts": 1,
    });
    data["opened_at"] = opened.data["opened_at"].clone();
    let expected = envelope(&opened.body, "lock.opened.v1", &data);
    assert_eq!(opened.body, expected);

    let data = json!({
        "integration_id": INTEGRATION, "booking_id": "B-1", "requested_by": "terminal-7",
        "request_id": "R-1", "request_source": SOURCE,
        "status": "checked_in", "opened_at": opened.data["opened_at"],
    });
    let expected = envelope(&check_in.body, "booking.check-in.v1", &data);
    assert_eq!(check_in.body, expected);
    assert_ne!(check_in.id, opened.id);

    for (event, key) in [(&opened, "lock.opened"), (&check_in, "booking.check-in")] {
        assert_eq!(event.routing_key, format!("{key}.{INTEGRATION}"));
        assert_eq!(event.content_type, "application/cloudevents+json");
        assert_eq!(event.delivery_mode, Some(2));
        assert!(event.traceparent.as_deref().is_some_and(|trace| trace.contains(TRACE_ID)));
    }
    assert!(bus.dead_letters().await.is_empty());
    worker.wait_until_settled("open-requests", 1, SOON).await;
    let line =
        worker.log().lines().find(|line| line.contains("request answered")).map(str::to_owned);
    let line = line.expect("a settled message has its line in the log");
    for word in ["R-1", "opened", TRACE_ID, "duration_ms"] {
        assert!(line.contains(word), "{word} is missing in {line}");
    }
}

/// The expected body of an event; id and time are taken from the event, and the parent of traceparent may differ.
fn envelope(body: &Value, kind: &str, data: &Value) -> Value {
    json!({
        "specversion": "1.0", "id": body["id"], "source": "/postern", "type": kind, "subject": "B-1",
        "time": body["time"], "datacontenttype": "application/json",
        "traceparent": body["traceparent"], "data": data,
    })
}

fn instant(value: &Value) -> DateTime<Utc> {
    let text = value.as_str().expect("a time is text");
    DateTime::parse_from_rfc3339(text).expect("a time is RFC 3339").to_utc()
}

#[tokio::test]
async fn a_checked_in_guest_opens_again_and_checks_in_once() {
    let setup = Setup::new().await;
    let worker = setup.worker("worker").start().await;
    let bus = setup.vhost.bus().await;
    let outbound = bus.listen().await;
    bus.booking(&booking_status("B-1", "confirmed")).await;
    bus.open_request(&open_request("first", "B-1")).await;
    outbound.answer("first", "booking.check-in.v1", SOON).await;

    // Before and after the booking system has set the check-in status.
    bus.open_request(&open_request("second", "B-1")).await;
    outbound.terminal("second", SOON).await;
    bus.booking(&booking_status("B-1", "checked_in")).await;
    worker.wait_until_settled("booking-status", 2, SOON).await;
    bus.open_request(&open_request("third", "B-1")).await;
    assert_eq!(outbound.terminal("third", SOON).await.kind, "lock.opened.v1");

    // The check-in of another booking arrives after all events of the requests above.
    bus.booking(&booking_status("B-2", "confirmed")).await;
    bus.open_request(&open_request("other", "B-2")).await;
    outbound.answer("other", "booking.check-in.v1", SOON).await;
    for request in ["second", "third"] {
        let kinds: Vec<_> = outbound.answers(request).into_iter().map(|event| event.kind).collect();
        assert_eq!(kinds, ["lock.opened.v1"], "{request}");
    }
    assert_eq!(setup.simulator.opening_count().await, 4);
}

#[tokio::test]
async fn mapped_objects_open_their_locks_and_other_objects_the_default_lock() {
    let mut setup = Setup::new().await;
    setup.settings.set_integration("default_lock", FRONT_DOOR);
    setup.settings.unset_integration("check_in_status");
    setup.settings.unset_integration("record_opened_at_in");
    let _worker = setup.worker("worker").start().await;
    let bus = setup.vhost.bus().await;
    let outbound = bus.listen().await;
    let mut booking = booking_status("B-1", "paid");
    booking["data"]["object_ids"] = json!(["room-12", "room-13", "sauna"]);
    bus.booking(&booking).await;

    let room_13 = format!("10c00000-0000-4000-8000-{:012x}", 13);
    for (object, lock, iq) in [
        ("sauna", FRONT_DOOR, IQ_GROUND_FLOOR),
        ("room-13", &room_13, IQ_FIRST_FLOOR),
        ("room-12", ROOM_12, IQ_GROUND_FLOOR),
    ] {
        let mut request = open_request(object, "B-1");
        request["data"]["object_id"] = object.into();
        bus.open_request(&request).await;
        let opened = outbound.terminal(object, SOON).await;
        assert_eq!(opened.kind, "lock.opened.v1", "{opened:?}");
        let found = (opened.text("object_id"), opened.text("lock_id"), opened.text("iq_id"));
        assert_eq!(found, (object, lock, iq));
        assert_eq!(opened.data.get("record_in_field"), None);
        let opening = setup.simulator.openings().await.pop().expect("an opening");
        assert_eq!((&*opening.lock_id, &*opening.iq_id), (lock, iq));
    }
    assert_eq!(outbound.events().len(), 3, "no check-in where none is configured");
}

#[tokio::test]
async fn a_request_published_again_gets_the_same_answer_and_opens_nothing() {
    let setup = Setup::new().await;
    let worker = setup.worker("worker").start().await;
    let bus = setup.vhost.bus().await;
    let outbound = bus.listen().await;
    bus.booking(&booking_status("B-1", "paid")).await;
    let request = open_request("R-1", "B-1");
    bus.open_request(&request).await;
    outbound.answer("R-1", "booking.check-in.v1", SOON).await;

    bus.open_request(&request).await;
    worker.wait_until_settled("open-requests", 2, SOON).await;
    // The same id from another source is another request.
    let mut elsewhere = request.clone();
    elsewhere["source"] = "/another-system".into();
    elsewhere["time"] = time(0).into();
    bus.open_request(&elsewhere).await;
    worker.wait_until_settled("open-requests", 3, SOON).await;

    let terminals = &outbound.terminals()["R-1"];
    let by_source = |source: &str| -> Vec<_> {
        terminals.iter().filter(|event| event.text("request_source") == source).collect()
    };
    let (here, there) = (by_source(SOURCE), by_source("/another-system"));
    assert_eq!((here.len(), there.len()), (2, 1));
    assert_eq!(here[0].body, here[1].body);
    assert_ne!(here[0].id, there[0].id);
    assert_eq!(setup.simulator.opening_count().await, 2);
}
