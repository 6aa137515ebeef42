//! Failed requests: the event, its class, the dead letter, and the number of attempts.

use crate::salto_answers::class;
use chrono::{DateTime, Utc};
use end_to_end::broker::Event;
use end_to_end::deadline::SOON;
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::{INTEGRATION, open_request, time};
use end_to_end::redis::forget;
use end_to_end::setup::Setup;
use end_to_end::simulator::{IQ_FIRST_FLOOR, IQ_GROUND_FLOOR, ROOM_12};
use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable};
use reqwest::Method;
use serde_json::{Value, json};

/// Publishes a request with a header and properties of its own, waits for the failure and checks all its results.
async fn fails(fixture: &Fixture, request: &Value, reason: &str, attempts: u32) -> Event {
    let before = fixture.setup.simulator.commands().await.len();
    let id = request["id"].as_str().expect("an id is text");
    let settled = fixture.settled("open-requests").await;
    let body = serde_json::to_vec_pretty(request).expect("JSON can be written");
    publish(fixture, &body, id).await;
    let failed = fixture.outbound.terminal(id, SOON).await;
    assert_eq!((&*failed.kind, failed.text("reason")), ("lock.open-failed.v1", reason));
    assert_eq!(failed.routing_key, format!("lock.open-failed.{INTEGRATION}"));
    assert_eq!(failed.data["attempts"], attempts, "{reason}");
    assert!(!failed.text("detail").is_empty());
    assert_eq!(failed.text("class"), class(reason), "{reason}");

    fixture.wait_until_settled("open-requests", settled + 1).await;
    let commands = fixture.setup.simulator.commands().await.split_off(before);
    assert_eq!(commands.len(), attempts as usize, "{reason}: {commands:?}");
    let letters = fixture.dead_letters_of(id).await;
    assert_eq!(letters.len(), 1, "{reason}");
    let letter = &letters[0];
    assert_eq!(letter.body, body, "the body is untouched");
    for (header, value) in [
        ("postern-reason", reason),
        ("postern-detail", failed.text("detail")),
        ("postern-attempts", &attempts.to_string()),
        ("postern-replays", "0"),
        ("postern-exchange", "postern.inbound"),
        ("postern-routing-key", "lock.open-request.acme"),
        ("postern-queue", "postern.open-requests"),
        ("tenant", "acme"),
    ] {
        assert_eq!(letter.header(header), value, "{header}");
    }
    let failed_at = DateTime::parse_from_rfc3339(&letter.header("postern-failed-at"));
    assert!(failed_at.is_ok_and(|failed_at| failed_at <= Utc::now()));
    assert_eq!(
        letter.properties.message_id().as_ref().map(ToString::to_string).as_deref(),
        Some(id)
    );
    assert_eq!(letter.properties.expiration(), &None, "it must not evaporate");
    assert_eq!(letter.properties.delivery_mode(), &Some(2));
    failed
}

async fn publish(fixture: &Fixture, body: &[u8], id: &str) {
    let mut headers = FieldTable::default();
    headers.insert("tenant".into(), AMQPValue::LongString("acme".into()));
    let properties = BasicProperties::default()
        .with_content_type("application/cloudevents+json".into())
        .with_message_id(id.into())
        .with_expiration("600000".into())
        .with_headers(headers);
    fixture.bus.publish_raw("postern.inbound", "lock.open-request.acme", body, properties).await;
}

#[tokio::test]
async fn failures_that_a_retry_cannot_change_end_the_request_at_once() {
    let setup = Setup::unactivated().await;
    setup.activate(IQ_GROUND_FLOOR).await;
    let fixture = Fixture::new(setup, 1).await;
    fixture.store_booking("room-13").await;
    fixture.store_booking("room-nowhere").await;
    let simulator = &fixture.setup.simulator;

    let failed = fails(&fixture, &open_request("upstairs", "room-13"), "iq_not_activated", 0).await;
    assert_eq!(failed.text("iq_id"), IQ_FIRST_FLOOR);
    assert_eq!(failed.text("lock_id"), "10c00000-0000-4000-8000-00000000000d");

    let failed =
        fails(&fixture, &open_request("nowhere", "room-nowhere"), "lock_not_found", 0).await;
    assert_eq!(failed.text("lock_id"), "00000000-0000-4000-8000-000000000bad");

    let account = "accounts/system-user@acme.example";
    simulator.control(Method::PATCH, account, Some(json!({"remote_access": false}))).await;
    let failed = fails(&fixture, &open_request("no-right", BOOKING), "forbidden", 1).await;
    assert_eq!((failed.text("lock_id"), failed.text("iq_id")), (ROOM_12, IQ_GROUND_FLOOR));
    simulator.control(Method::PATCH, account, Some(json!({"remote_access": true}))).await;

    // One rejected OTP per open action; here the second one in a row blocks the user.
    simulator.change_settings(json!({"otp_failures": 2})).await;
    simulator.change_iq(IQ_GROUND_FLOOR, json!({"secret": "AnotherSecret123"})).await;
    fails(&fixture, &open_request("wrong-1", BOOKING), "otp_invalid", 1).await;
    fails(&fixture, &open_request("wrong-2", BOOKING), "otp_invalid", 1).await;
    fails(&fixture, &open_request("blocked", BOOKING), "otp_blocked", 1).await;
    let verdicts: Vec<_> = simulator.commands().await.into_iter().map(|it| it.verdict).collect();
    assert_eq!(verdicts, ["forbidden", "otp_invalid", "otp_invalid", "otp_blocked"]);

    // The faults have ended, but no failed request is executed again: its answer is known.
    let restored = json!({"secret": "GroundFloorIq001", "unblock": true});
    simulator.change_iq(IQ_GROUND_FLOOR, restored).await;
    // The IQ's block of 25 minutes ends.
    forget(fixture.setup.redis_url(), fixture.setup.key_prefix(), "guard").await;
    let settled = fixture.settled("open-requests").await;
    let ids = ["upstairs", "nowhere", "no-right", "wrong-1", "wrong-2", "blocked"];
    for id in ids {
        let body = fixture.dead_letters_of(id).await.remove(0).body;
        publish(&fixture, &body, id).await;
    }
    fixture.wait_until_settled("open-requests", settled + 6).await;
    assert_eq!(fixture.open("healthy", BOOKING).await.kind, "lock.opened.v1");
    let terminals = fixture.outbound.terminals();
    for id in ids {
        assert_eq!(terminals[id].len(), 2, "{id}");
        assert_eq!(terminals[id][0].body, terminals[id][1].body, "{id}");
    }
    assert_eq!(simulator.commands().await.len(), 5);
    assert_eq!(fixture.bus.dead_letters().await.len(), 6, "no second dead letter");
}

#[tokio::test]
async fn temporary_failures_are_retried_until_the_request_expires() {
    let setup = Setup::new().await;
    let fixture = Fixture::new(setup, 1).await;
    fixture.store_booking("room-13").await;
    let simulator = &fixture.setup.simulator;
    simulator.change_iq(IQ_FIRST_FLOOR, json!({"online": false})).await;
    let fault = json!({"kind": "status", "status": 503, "call": "open", "lock": ROOM_12});
    simulator.add_fault(fault).await;

    let expires_at = time(3);
    let brief = |booking: &str| {
        let mut request = open_request(booking, booking);
        request["data"]["expires_at"] = expires_at.clone().into();
        request
    };
    fixture.bus.open_request(&brief("room-13")).await;
    fixture.bus.open_request(&brief(BOOKING)).await;
    let commands = |lock: &'static str, all: Vec<end_to_end::simulator::OpenCommand>| {
        all.into_iter().filter(|it| it.lock_id.as_deref() == Some(lock)).collect::<Vec<_>>()
    };
    for (id, reason, lock) in [
        ("room-13", "iq_offline", "10c00000-0000-4000-8000-00000000000d"),
        (BOOKING, "salto_unavailable", ROOM_12),
    ] {
        let failed = fixture.outbound.terminal(id, SOON).await;
        assert_eq!((&*failed.kind, failed.text("reason")), ("lock.open-failed.v1", reason));
        assert_eq!(failed.text("class"), "temporary");
        let commands = commands(lock, simulator.commands().await);
        assert!(commands.len() >= 2, "{reason} was tried {} times", commands.len());
        assert_eq!(failed.data["attempts"], commands.len());
        let expires_at = DateTime::parse_from_rfc3339(&expires_at).expect("a time");
        assert!(commands.iter().all(|it| it.received_at < expires_at), "{expires_at} {commands:?}");
    }

    // If the fault ends in time, the door opens.
    fixture.bus.open_request(&open_request("again", "room-13")).await;
    simulator.wait_for_commands(simulator.commands().await.len() as u64 + 1, SOON).await;
    simulator.change_iq(IQ_FIRST_FLOOR, json!({"online": true})).await;
    let opened = fixture.outbound.terminal("again", SOON).await;
    assert_eq!(opened.kind, "lock.opened.v1");
    assert!(opened.data["attempts"].as_u64() >= Some(2), "{opened:?}");
    fixture.wait_until_settled("open-requests", 3).await;
    assert_eq!(fixture.bus.dead_letters().await.len(), 2);
}

#[tokio::test]
async fn every_kind_of_outage_is_salto_unavailable_and_ends_with_the_outage() {
    let setup = Setup::new().await;
    // Without a token or a list of locks nothing can be sent, and the list of IQs cannot be read at the start.
    forget(setup.redis_url(), setup.key_prefix(), "token").await;
    setup.simulator.add_fault(json!({"kind": "identity_gone"})).await;
    let fixture = Fixture::new(setup, 1).await;
    fixture.workers[0].wait_for_log("the site's IQs cannot be checked", SOON).await;
    let simulator = &fixture.setup.simulator;
    simulator.clear_faults().await;
    let outages = [
        json!({"kind": "identity_gone"}),
        json!({"kind": "status", "status": 500, "call": "token"}),
        json!({"kind": "reset", "call": "token"}),
        json!({"kind": "status", "status": 404, "call": "sites"}),
        json!({"kind": "half_answer", "call": "locks"}),
        json!({"kind": "no_answer", "call": "locks", "hold_ms": 3000}),
    ];
    for (number, outage) in outages.into_iter().enumerate() {
        simulator.add_fault(outage.clone()).await;
        let mut request = open_request(&format!("R-{number}"), BOOKING);
        request["data"]["expires_at"] = time(2).into();
        let failed = fixture.answer_to(&request).await;
        assert_eq!(failed.text("reason"), "salto_unavailable", "{outage}: {failed:?}");
        assert_eq!((failed.text("class"), &failed.data["attempts"]), ("temporary", &json!(0)));
        simulator.clear_faults().await;
    }
    assert!(simulator.commands().await.is_empty());
    assert_eq!(fixture.open("healthy", BOOKING).await.kind, "lock.opened.v1");
}
