//! Commands that were certainly not executed are repeated until the door opens, the rules reject the request, or it
//! expires.

use chrono::{DateTime, TimeDelta, Utc};
use end_to_end::deadline::SOON;
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::{booking_status, open_request, requests_for, time};
use end_to_end::redis::forget;
use end_to_end::setup::Setup;
use end_to_end::simulator::ROOM_12;
use serde_json::{Value, json};

async fn fixture(resend_window: &str) -> Fixture {
    let mut setup = Setup::new().await;
    setup.settings.set("opening.command_timeout", "2s");
    setup.settings.set("opening.resend_window", resend_window);
    Fixture::new(setup, 1).await
}

fn unavailable() -> Value {
    json!({"kind": "status", "status": 503, "call": "open"})
}

fn instant(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).expect("a time").to_utc()
}

#[tokio::test]
async fn refused_connections_are_retried_until_salto_is_available() {
    let mut fixture = fixture("0s").await;
    assert_eq!(fixture.open("warm-up", BOOKING).await.kind, "lock.opened.v1");
    fixture.setup.simulator.stop().await;
    let mut brief = open_request("brief", BOOKING);
    brief["data"]["expires_at"] = time(2).into();
    fixture.bus.open_request(&open_request("patient", BOOKING)).await;
    let failed = fixture.answer_to(&brief).await;
    let found = (failed.text("reason"), failed.data["attempts"].as_u64());
    assert_eq!(found, ("salto_unavailable", Some(0)), "nothing was written");
    assert_eq!(fixture.bus.wait_for_dead_letters(1, SOON).await[0].reason(), "salto_unavailable");

    fixture.setup.simulator.restart().await;
    let opened = fixture.outbound.terminal("patient", SOON).await;
    assert_eq!(opened.kind, "lock.opened.v1");
    assert_eq!(fixture.setup.simulator.opening_count().await, 1, "those before are forgotten");
    // The restarted Salto does not know the old token: its answer also counts as a command.
    assert_eq!(opened.data["attempts"], fixture.setup.simulator.commands().await.len());
}

#[tokio::test]
async fn a_503_costs_one_attempt_and_nothing_else() {
    let fixture = fixture("0s").await;
    let mut fault = unavailable();
    fault["times"] = 3.into();
    fixture.setup.simulator.add_fault(fault).await;
    let opened = fixture.open("R-1", BOOKING).await;
    assert_eq!((&*opened.kind, &opened.data["attempts"]), ("lock.opened.v1", &json!(4)));
    assert_eq!(fixture.setup.simulator.opening_count().await, 1);
}

#[tokio::test]
async fn a_booking_that_ends_between_two_attempts_ends_them() {
    let fixture = fixture("0s").await;
    fixture.setup.simulator.add_fault(unavailable()).await;
    let ends_at = time(3);
    let mut booking = booking_status("ending", "paid");
    booking["data"]["ends_at"] = ends_at.clone().into();
    fixture.store_status(&booking).await;
    let rejected = fixture.open("R-1", "ending").await;
    assert_eq!((&*rejected.kind, rejected.text("reason")), ("lock.open-rejected.v1", "too_late"));
    let commands = fixture.setup.simulator.commands().await;
    assert!(!commands.is_empty(), "it was tried while there was time");
    assert_eq!(rejected.data["attempts"], commands.len());
    let ends_at = instant(&ends_at);
    assert!(commands.iter().all(|it| it.received_at < ends_at), "{ends_at}: {commands:?}");
}

#[tokio::test]
async fn a_booking_cancelled_between_two_attempts_ends_them() {
    let fixture = fixture("30s").await;
    let simulator = &fixture.setup.simulator;
    fixture.store_status(&booking_status("doubtful", "paid")).await;
    // The very first command is not answered: its request stays in doubt, the other one does not.
    let reset = json!({"kind": "reset", "call": "open", "times": 1});
    simulator.add_fault(reset).await;
    simulator.add_fault(unavailable()).await;
    fixture.bus.open_request(&open_request("in-doubt", "doubtful")).await;
    simulator.wait_for_commands(2, SOON).await;
    fixture.bus.open_request(&open_request("certain", BOOKING)).await;
    simulator.wait_for_commands(5, SOON).await;
    for booking in ["doubtful", BOOKING] {
        fixture.store_status(&booking_status(booking, "cancelled")).await;
    }
    let cancelled_at = Utc::now();
    simulator.clear_faults().await;

    let certain = fixture.outbound.terminal("certain", SOON).await;
    let in_doubt = fixture.outbound.terminal("in-doubt", SOON).await;
    let found = (&*certain.kind, certain.text("reason"));
    assert_eq!(found, ("lock.open-rejected.v1", "status_not_allowed"));
    let found = (&*in_doubt.kind, in_doubt.text("reason"));
    assert_eq!(found, ("lock.open-failed.v1", "outcome_unknown"));
    let commands = simulator.commands().await;
    assert!(commands.iter().all(|it| it.received_at < cancelled_at), "{cancelled_at} {commands:?}");
    assert_eq!(simulator.opening_count().await, 0);
}

#[tokio::test]
async fn answers_that_a_command_was_not_executed_do_not_count_against_one_in_doubt() {
    let fixture = fixture("60s").await;
    let simulator = &fixture.setup.simulator;
    simulator.add_fault(json!({"kind": "reset", "call": "open", "times": 2})).await;
    let mut fault = unavailable();
    fault["times"] = 3.into();
    simulator.add_fault(fault).await;
    let opened = fixture.open("R-1", BOOKING).await;
    assert_eq!((&*opened.kind, &opened.data["attempts"]), ("lock.opened.v1", &json!(6)));
    assert_eq!(simulator.opening_count().await, 1);
}

#[tokio::test]
async fn a_command_in_doubt_is_not_repeated_beyond_the_window() {
    let fixture = fixture("1500ms").await;
    let simulator = &fixture.setup.simulator;
    simulator.add_fault(json!({"kind": "reset", "call": "open", "times": 1})).await;
    simulator.add_fault(unavailable()).await;
    let failed = fixture.open("R-1", BOOKING).await;
    assert_eq!(failed.text("reason"), "outcome_unknown");
    let commands = simulator.commands().await;
    assert_eq!(failed.data["attempts"], commands.len());
    let latest = commands[0].received_at + TimeDelta::milliseconds(1500);
    assert!(commands.iter().all(|it| it.received_at < latest), "{latest} {commands:?}");
    assert!(commands.len() > 1, "within the window it was: {commands:?}");
}

#[tokio::test]
async fn a_token_that_arrives_too_late_opens_nothing() {
    let mut setup = Setup::new().await;
    setup.settings.set("opening.command_timeout", "2s");
    forget(setup.redis_url(), setup.key_prefix(), "token").await;
    setup.simulator.add_fault(json!({"kind": "delay", "delay_ms": 3000, "call": "token"})).await;
    setup.simulator.add_fault(json!({"kind": "delay", "delay_ms": 3000, "call": "sites"})).await;
    let fixture = Fixture::new(setup, 1).await;
    let simulator = &fixture.setup.simulator;
    let expires_at = time(2);
    let mut request = open_request("R-1", BOOKING);
    request["data"]["expires_at"] = expires_at.clone().into();
    let failed = fixture.answer_to(&request).await;
    assert_eq!(
        (&*failed.kind, failed.text("reason")),
        ("lock.open-failed.v1", "salto_unavailable")
    );
    assert_eq!(failed.data["attempts"], 0);
    simulator.clear_faults().await;
    assert_eq!(fixture.open("in-time", BOOKING).await.kind, "lock.opened.v1");
    assert_eq!(simulator.commands().await.len(), 1);
}

#[tokio::test]
async fn an_answer_may_arrive_after_the_expiry_but_no_command_is_sent() {
    let mut setup = Setup::new().await;
    setup.settings.set("opening.command_timeout", "4s");
    setup.settings.set("opening.resend_window", "30s");
    let fixture = Fixture::new(setup, 1).await;
    fixture.store_booking("room-1").await;
    assert_eq!(fixture.open("warm-up", BOOKING).await.kind, "lock.opened.v1");
    let simulator = &fixture.setup.simulator;
    let room_1 = "10c00000-0000-4000-8000-000000000001";
    let slow = json!({"kind": "delay", "delay_ms": 3000, "carried_out": true, "lock": ROOM_12});
    simulator.add_fault(slow).await;
    simulator.add_fault(json!({"kind": "no_answer", "lock": room_1})).await;

    let expires_at = time(2);
    for booking in [BOOKING, "room-1"] {
        let mut request = open_request(booking, booking);
        request["data"]["expires_at"] = expires_at.clone().into();
        fixture.bus.open_request(&request).await;
    }
    let answered = fixture.outbound.terminal(BOOKING, SOON).await;
    assert_eq!((&*answered.kind, &answered.data["attempts"]), ("lock.opened.v1", &json!(1)));
    assert!(instant(answered.text("opened_at")) > instant(&expires_at), "{answered:?}");
    let unanswered = fixture.outbound.terminal("room-1", SOON).await;
    let found = (unanswered.text("reason"), &unanswered.data["attempts"]);
    assert_eq!(found, ("outcome_unknown", &json!(1)));
    assert_eq!(simulator.commands().await.len(), 3);
}

#[tokio::test]
async fn requests_that_wait_for_the_breaker_fail_with_the_cause_that_they_saw() {
    let mut setup = Setup::new().await;
    setup.settings.set("opening.command_timeout", "1s");
    setup.settings.set("opening.request_ttl", "8s");
    let fixture = Fixture::new(setup, 1).await;
    let fault = json!({"kind": "status", "status": 503, "call": "open"});
    fixture.setup.simulator.add_fault(fault).await;
    // Fewer than the failures that open the breaker, so that each sees one of its own.
    let requests = requests_for(&fixture.store_rooms().await, 4);
    fixture.bus.open_requests(&requests).await;
    fixture.outbound.ended(4, SOON * 2).await;
    assert!(fixture.workers[0].log().contains("circuit breaker opened"));
    for n in 0..4 {
        let failed = fixture.outbound.only_terminal(&format!("r-{n}"));
        let (reason, detail) = (failed.text("reason"), failed.text("detail"));
        assert_eq!(reason, "salto_unavailable", "{detail}");
        assert!(detail.ends_with("(HTTP 503)") && !detail.contains("breaker"), "{detail}");
    }
}
