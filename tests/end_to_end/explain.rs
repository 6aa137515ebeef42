//! `postern explain`: why a door opened or did not open, or would open or not.

use chrono::{DateTime, Utc};
use end_to_end::deadline::{SOON, until};
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::{INTEGRATION, SOURCE, booking_status, open_request, time};
use end_to_end::setup::Setup;
use end_to_end::simulator::{IQ_GROUND_FLOOR, ROOM_12, SECRETS};
use serde_json::{Value, json};

async fn explained(setup: &Setup, arguments: &[&str]) -> Value {
    let arguments = [&["explain"], arguments, &["--output", "json"]].concat();
    let output = setup.postern(&arguments).await;
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {stderr}");
    let text = String::from_utf8(output.stdout).expect("JSON is UTF-8");
    for secret in SECRETS {
        assert!(!text.contains(secret) && !stderr.contains(secret), "{text}{stderr}");
    }
    serde_json::from_str(&text).expect("one object")
}

async fn refused(setup: &Setup, arguments: &[&str]) -> (Option<i32>, String) {
    let output = setup.postern(&[&["explain"], arguments].concat()).await;
    assert!(output.stdout.is_empty());
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn of(booking: &str) -> [&str; 4] {
    ["--integration", INTEGRATION, "--booking", booking]
}

fn rule<'a>(explanation: &'a Value, name: &str) -> &'a Value {
    let rules = explanation["rules"].as_array().expect("rules are a list");
    rules.iter().find(|rule| rule["rule"] == name).unwrap_or_else(|| panic!("{name}: {rules:#?}"))
}

#[tokio::test]
async fn a_booking_is_explained_before_a_request() {
    let fixture = Fixture::new(Setup::new().await, 1).await;
    let explanation = explained(&fixture.setup, &of(BOOKING)).await;
    assert_eq!(
        (&explanation["decision"], &explanation["lock_id"]),
        (&json!("open"), &json!(ROOM_12))
    );
    assert_eq!(explanation["door"]["iq_id"], IQ_GROUND_FLOOR);
    assert_eq!(explanation["door"]["iq_name"], "iq-ground-floor");
    assert_eq!(explanation["door"]["lock_name"], "room-12");
    assert_eq!(explanation["door"]["state"], "activated");
    assert_eq!(explanation["door"]["obstacle"], Value::Null);
    assert_eq!(explanation["booking"]["status"], "paid");
    let tokens = fixture.setup.simulator.token_requests().await;
    assert_eq!(tokens, (1, 0), "the token that the workers use");

    let mut later = booking_status("later", "pending");
    later["data"]["starts_at"] = time(3600).into();
    later["data"]["ends_at"] = time(7200).into();
    later["data"]["revision"] = 7.into();
    fixture.store_status(&later).await;
    let explanation = explained(&fixture.setup, &of("later")).await;
    assert_eq!(explanation["decision"], "status_not_allowed");
    assert_eq!(rule(&explanation, "status_allowed")["seen"]["status"], "pending");
    let allowed = json!(["confirmed", "paid", "checked_in"]);
    assert_eq!(rule(&explanation, "status_allowed")["seen"]["allowed"], allowed);
    // The rules after the first failed one are also shown.
    let window = rule(&explanation, "window_begun");
    assert_eq!((&window["verdict"], &window["reason"]), (&json!("no"), &json!("too_early")));
    assert_eq!(window["seen"]["minutes_before"], 15);
    assert_eq!(explanation["booking"]["revision"], 7);
    let at = explained(&fixture.setup, &[&of("later")[..], &["--at", "+50m"]].concat()).await;
    assert_eq!(rule(&at, "window_begun")["verdict"], "yes");
    let over = explained(&fixture.setup, &[&of("later")[..], &["--at", "+3h"]].concat()).await;
    assert_eq!(rule(&over, "window_not_over")["reason"], "too_late");
    let other =
        explained(&fixture.setup, &[&of(BOOKING)[..], &["--object", "sauna"]].concat()).await;
    assert_eq!(other["decision"], "object_not_in_booking");
    let unknown = explained(&fixture.setup, &of("unknown")).await;
    assert_eq!((&unknown["decision"], &unknown["door"]), (&json!("booking_unknown"), &Value::Null));
    assert_eq!(rule(&unknown, "window_begun")["verdict"], "moot");

    let output = fixture.setup.postern(&[&["explain"], &of("later")[..]].concat()).await;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.starts_with("the door would not open: status_not_allowed"), "{text}");
    assert!(text.contains("opens at") && text.contains("now"), "{text}");
    assert_eq!(fixture.setup.simulator.commands().await.len(), 0);
}

#[tokio::test]
async fn an_answered_request_is_explained_with_its_answer() {
    let fixture = Fixture::new(Setup::new().await, 1).await;
    fixture.open("R-1", BOOKING).await;
    fixture.answer_to(&open_request("R-2", "unheard-of")).await;
    fixture.setup.simulator.change_iq(IQ_GROUND_FLOOR, json!({"online": false})).await;
    let mut short = open_request("R-3", BOOKING);
    short["data"]["expires_at"] = time(3).into();
    fixture.answer_to(&short).await;

    let opened = explained(&fixture.setup, &["R-1", "--source", SOURCE]).await;
    assert_eq!(opened["request"]["outcome"]["type"], "lock.opened.v1");
    assert_eq!((&opened["request"]["attempts"], &opened["decision"]), (&json!(1), &json!("open")));
    assert_eq!(opened["booking"]["opened_before"], true);
    let rejected = explained(&fixture.setup, &["R-2", "--source", SOURCE]).await;
    assert_eq!(rejected["request"]["outcome"]["data"]["reason"], "booking_unknown");
    assert_eq!(rejected["decision"], "booking_unknown");
    // By the id alone: the stored answers contain the source.
    let failed = explained(&fixture.setup, &["R-3"]).await;
    assert_eq!(failed["request"]["source"], SOURCE);
    assert_eq!(failed["request"]["outcome"]["data"]["reason"], "iq_offline");
    let expires_at = |of: &Value| {
        let text = of["expires_at"].as_str().expect("a time");
        text.parse::<DateTime<Utc>>().expect("RFC 3339").timestamp_millis()
    };
    assert_eq!(expires_at(&failed["request"]), expires_at(&short["data"]), "{failed:#}");
    let cause = failed["request"]["last_cause"].as_str().unwrap_or_default();
    assert!(cause.starts_with("iq_offline"), "{failed:#}");
    assert_eq!(failed["request"]["dead_lettered"], true);

    fixture.setup.simulator.change_iq(IQ_GROUND_FLOOR, json!({"online": true})).await;
    let mut copy = open_request("R-1", BOOKING);
    copy["source"] = "/another".into();
    fixture.bus.open_request(&copy).await;
    fixture.wait_until_settled("open-requests", 4).await;
    let (status, stderr) = refused(&fixture.setup, &["R-1"]).await;
    assert!(
        status == Some(2) && stderr.contains("/another") && stderr.contains(SOURCE),
        "{stderr}"
    );
    let (status, stderr) = refused(&fixture.setup, &["R-9"]).await;
    assert!(status == Some(1) && stderr.contains("--source"), "{stderr}");
    let (status, stderr) = refused(&fixture.setup, &["R-9", "--source", SOURCE]).await;
    assert!(status == Some(1) && stderr.contains("there is no record"), "{stderr}");
    let wrong = [&["R-1", "--source", SOURCE][..], &of("other")].concat();
    assert_eq!(refused(&fixture.setup, &wrong).await.0, Some(2));
    assert_eq!(refused(&fixture.setup, &[]).await.0, Some(2));
}

#[tokio::test]
async fn a_request_in_progress_is_shown_with_its_worker_and_wait_reason() {
    let fixture = Fixture::new(Setup::new().await, 1).await;
    fixture.open("R-0", BOOKING).await;
    fixture.store_booking("room-1").await;
    let simulator = &fixture.setup.simulator;
    simulator
        .add_fault(json!({"kind": "delay", "delay_ms": 8000, "call": "open", "times": 1}))
        .await;
    fixture.bus.open_request(&open_request("R-1", BOOKING)).await;
    let explanation = until("a request that a worker acts on", SOON, || async {
        let output = fixture.setup.postern(&["explain", "R-1", "--output", "json"]).await;
        serde_json::from_slice::<Value>(&output.stdout).ok()
    })
    .await;
    let request = &explanation["request"];
    assert_eq!((&request["outcome"], &request["attempts"]), (&Value::Null, &json!(1)));
    assert_eq!(request["commands_in_doubt"], 1);
    assert_eq!(request["claimant_alive"], true);
    assert!(request["claimed_by"].is_string() && request["claimed_until"].is_string());
    assert_eq!(explanation["decision"], Value::Null, "the ledger does not know its booking");
    let explanation = explained(&fixture.setup, &[&["R-1"][..], &of(BOOKING)].concat()).await;
    assert_eq!(explanation["decision"], "open");

    simulator.clear_faults().await;
    simulator.change_iq(IQ_GROUND_FLOOR, json!({"online": false})).await;
    // Another door: the command to the first one is still in flight.
    fixture.bus.open_request(&open_request("R-2", "room-1")).await;
    let waiting = until("a request that waits to be tried again", SOON * 2, || async {
        let output =
            fixture.setup.postern(&["explain", "R-2", "--source", SOURCE, "--output", "json"]);
        let explanation: Value = serde_json::from_slice(&output.await.stdout).ok()?;
        (explanation["request"]["not_before"].is_string()).then_some(explanation)
    })
    .await;
    let cause = waiting["request"]["last_cause"].as_str().unwrap_or_default();
    assert!(cause.starts_with("iq_offline"), "{waiting:#}");
}

#[tokio::test]
async fn obstacles_after_the_rules_are_shown() {
    let mut fixture = Fixture::new(Setup::new().await, 1).await;
    let simulator = &fixture.setup.simulator;
    let fault = json!({"kind": "status", "status": 403, "error_code": "3102", "message": "otp_blocked", "call": "open", "times": 1});
    simulator.add_fault(fault).await;
    fixture.open("R-1", BOOKING).await;
    let explanation = explained(&fixture.setup, &of(BOOKING)).await;
    assert_eq!(
        (&explanation["decision"], &explanation["door"]["obstacle"]),
        (&json!("open"), &json!("otp_blocked"))
    );
    assert!(explanation["door"]["blocked_until"].is_string(), "{explanation:#}");

    simulator.change_iq(IQ_GROUND_FLOOR, json!({"restore_required": true})).await;
    let explanation = explained(&fixture.setup, &of(BOOKING)).await;
    assert_eq!(explanation["door"]["obstacle"], "iq_reactivation_required");
    fixture.store_booking("room-nowhere").await;
    let explanation = explained(&fixture.setup, &of("room-nowhere")).await;
    assert_eq!(explanation["door"]["obstacle"], "lock_not_found");

    let fault = json!({"kind": "rate_limit", "retry_after": 3600, "call": "open", "times": 1});
    fixture.setup.simulator.add_fault(fault).await;
    fixture.store_booking("room-13").await;
    assert_eq!(fixture.open("R-2", "room-13").await.text("reason"), "rate_limited");
    let calls = fixture.setup.simulator.counters().await["calls"].clone();
    let explanation = explained(&fixture.setup, &of(BOOKING)).await;
    let pause = explanation["pause_seconds"].as_u64().unwrap_or_default();
    assert!(pause > 600 && pause <= 900, "an hour is cut off at 15 minutes: {explanation:#}");
    assert_eq!(explanation["door"], Value::Null);
    assert_eq!(fixture.setup.simulator.counters().await["calls"], calls, "nothing is asked");

    fixture.setup.settings.set_integration("active", false);
    let explanation = explained(&fixture.setup, &of(BOOKING)).await;
    assert_eq!(explanation["decision"], "integration_inactive");
}
