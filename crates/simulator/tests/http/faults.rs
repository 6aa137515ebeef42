//! Faults on demand.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::answer::ConnectionEnd;
use crate::fixtures::{FRONT_DOOR, IQ, ROOM_12, TestSimulator, otp, password_form};

#[tokio::test]
async fn a_status_replaces_the_real_answer_and_nothing_happens() {
    let simulator = TestSimulator::activated().await;
    simulator.fault(json!({"kind": "status", "call": "open", "status": 503})).await;
    let answer = simulator.open(ROOM_12, &otp()).await;
    assert_eq!((answer.status(), answer.body()), (503, &b""[..]));
    assert_eq!(answer.header("retry-after"), None);
    assert!(answer.header("date").is_some());
    assert_eq!(simulator.openings().await, 0);
    let command = simulator.last_command().await;
    assert_eq!((&command["verdict"], &command["status"]), (&json!("fault"), &json!(503)));
    assert_eq!((&command["fault"], &command["lock_id"]), (&json!("status"), &json!(ROOM_12)));
}

#[tokio::test]
async fn a_status_can_carry_code_message_and_retry_after_also_after_opening() {
    let simulator = TestSimulator::activated().await;
    let fault = json!({
        "kind": "status", "call": "open", "status": 502, "error_code": 3102,
        "message": "otp_blocked", "retry_after": 7, "carried_out": true,
    });
    simulator.fault(fault).await;
    let answer = simulator.open(ROOM_12, &otp()).await;
    assert_eq!(answer.error(), (502, "3102".to_owned(), "otp_blocked".to_owned()));
    assert!(answer.json()["ErrorCode"].is_number());
    assert_eq!(answer.header("retry-after").as_deref(), Some("7"));
    assert_eq!(simulator.openings().await, 1);
    let command = simulator.last_command().await;
    assert_eq!((&command["verdict"], &command["status"]), (&json!("opened"), &json!(502)));
}

#[tokio::test]
async fn a_status_can_carry_any_body_as_html_or_another_type() {
    let simulator = TestSimulator::activated().await;
    let html = json!({"kind": "status", "call": "open", "status": 200, "body": "<html>Back soon", "times": 1});
    simulator.fault(html).await;
    let answer = simulator.open(ROOM_12, &otp()).await;
    assert_eq!((answer.status(), answer.body()), (200, &b"<html>Back soon"[..]));
    assert_eq!(answer.header("content-type").as_deref(), Some("text/html"));
    assert_eq!(simulator.openings().await, 0);
    let text = json!({
        "kind": "status", "call": "open", "status": 202, "body": "ok", "content_type": "text/plain",
        "carried_out": true,
    });
    simulator.fault(text).await;
    let answer = simulator.open(ROOM_12, &otp()).await;
    assert_eq!((answer.status(), answer.body()), (202, &b"ok"[..]));
    assert_eq!(answer.header("content-type").as_deref(), Some("text/plain"));
    assert_eq!(simulator.openings().await, 1);
}

#[tokio::test]
async fn the_identity_host_fails_with_oauth_bodies() {
    let simulator = TestSimulator::start().await;
    simulator.fault(json!({"kind": "status", "call": "token", "status": 400, "error_code": "invalid_grant", "times": 1})).await;
    let form = password_form("user_api.full_access");
    let answer = simulator.token_request(&form).await;
    assert_eq!((answer.status(), &answer.json()["error"]), (400, &json!("invalid_grant")));
    assert_eq!(simulator.token_request(&form).await.status(), 200);
}

#[tokio::test]
async fn a_rate_limit_has_retry_after() {
    let simulator = TestSimulator::activated().await;
    simulator
        .fault(json!({"kind": "rate_limit", "call": "sites", "retry_after": 30, "times": 1}))
        .await;
    let answer = simulator.get("/v1.2/sites").await;
    assert_eq!((answer.status(), answer.header("retry-after")), (429, Some("30".to_owned())));
    assert_eq!(simulator.get("/v1.2/sites").await.status(), 200);
    let date = "Wed, 21 Oct 2037 07:28:00 GMT";
    simulator.fault(json!({"kind": "rate_limit", "call": "open", "retry_after": date})).await;
    let answer = simulator.open(ROOM_12, &otp()).await;
    assert_eq!((answer.status(), answer.header("retry-after").as_deref()), (429, Some(date)));
    assert_eq!(simulator.openings().await, 0);
}

#[tokio::test]
async fn a_reset_is_rst_before_any_byte() {
    let simulator = TestSimulator::activated().await;
    simulator.fault(json!({"kind": "reset", "call": "open"})).await;
    let answer = simulator.open(ROOM_12, &otp()).await;
    assert_eq!((answer.end, answer.raw.as_slice()), (ConnectionEnd::Reset, &b""[..]));
    assert_eq!(simulator.openings().await, 0);
    assert_eq!(simulator.last_command().await["status"], Value::Null);
}

#[tokio::test]
async fn opened_then_dropped_opens_and_is_rst() {
    let simulator = TestSimulator::activated().await;
    simulator.fault(json!({"kind": "opened_then_dropped", "call": "open"})).await;
    let answer = simulator.open(ROOM_12, &otp()).await;
    assert_eq!((answer.end, answer.raw.as_slice()), (ConnectionEnd::Reset, &b""[..]));
    assert_eq!(simulator.openings().await, 1);
    let command = simulator.last_command().await;
    assert_eq!((&command["verdict"], &command["status"]), (&json!("opened"), &Value::Null));
    assert_eq!(command["fault"], "opened_then_dropped");
    // Under this fault too, a command with a wrong OTP does not open.
    simulator.open(ROOM_12, "wrong").await;
    assert_eq!(simulator.openings().await, 1);
}

#[tokio::test]
async fn no_answer_keeps_the_connection_open_and_then_closes_it() {
    let simulator = TestSimulator::activated().await;
    simulator.fault(json!({"kind": "no_answer", "call": "open", "hold_ms": 150})).await;
    let start = Instant::now();
    let answer = simulator.open(ROOM_12, &otp()).await;
    assert!(start.elapsed() >= Duration::from_millis(150));
    assert_eq!((answer.end, answer.raw.as_slice()), (ConnectionEnd::Closed, &b""[..]));
    assert_eq!(simulator.openings().await, 0);
    simulator.control("DELETE", "faults", json!({})).await;
    simulator
        .fault(json!({"kind": "no_answer", "call": "open", "hold_ms": 1, "carried_out": true}))
        .await;
    assert_eq!(simulator.open(ROOM_12, &otp()).await.raw, b"");
    assert_eq!(simulator.openings().await, 1);
}

#[tokio::test]
async fn half_an_answer_ends_within_the_body() {
    let simulator = TestSimulator::activated().await;
    simulator.fault(json!({"kind": "half_answer", "call": "open", "times": 1})).await;
    let answer = simulator.open(ROOM_12, &otp()).await;
    assert_eq!((answer.end, answer.status()), (ConnectionEnd::Closed, 200));
    let promised: usize = answer.header("content-length").unwrap().parse().unwrap();
    assert_eq!(answer.body().len(), promised / 2);
    assert_eq!(simulator.openings().await, 1);
    assert_eq!(simulator.open(ROOM_12, &otp()).await.json()["locked_state"], "unlocked");
    // The same for a long answer, and for one without a body.
    simulator.fault(json!({"kind": "half_answer", "call": "locks"})).await;
    let answer = simulator.get("/v1.2/sites/0f6f1a52-6d4c-4f6e-9d0c-6254340082aa/locks").await;
    let promised: usize = answer.header("content-length").unwrap().parse().unwrap();
    assert_eq!((answer.end, answer.body().len()), (ConnectionEnd::Closed, promised / 2));
    simulator.fault(json!({"kind": "half_answer", "call": "pin", "method": "PUT"})).await;
    let answer = simulator.put_pin(IQ, json!({"otp": otp(), "delta": "0000"})).await;
    assert!(answer.raw.starts_with(b"HTTP/1.1 204") && !answer.raw.ends_with(b"\r\n\r\n"));
}

#[tokio::test]
async fn a_delay_is_before_or_after_the_effect_and_adds_to_another_fault() {
    let simulator = TestSimulator::activated().await;
    simulator.fault(json!({"kind": "delay", "call": "open", "delay_ms": 60, "times": 1})).await;
    simulator
        .fault(json!({"kind": "delay", "call": "open", "delay_ms": 60, "carried_out": true}))
        .await;
    let start = Instant::now();
    assert_eq!(simulator.open(ROOM_12, &otp()).await.status(), 200);
    assert!(start.elapsed() >= Duration::from_millis(120));
    assert_eq!(simulator.last_command().await["fault"], "delay");
    simulator.fault(json!({"kind": "status", "call": "open", "status": 500})).await;
    let start = Instant::now();
    assert_eq!(simulator.open(ROOM_12, &otp()).await.status(), 500);
    assert!(start.elapsed() >= Duration::from_millis(60));
}

#[tokio::test]
async fn a_delayed_command_is_carried_out_although_the_caller_has_disconnected() {
    let simulator = TestSimulator::activated().await;
    simulator.fault(json!({"kind": "delay", "call": "open", "delay_ms": 1500})).await;
    let code = otp();
    let arrived = async {
        while simulator.read("counters").await["calls"]["open"] != 1 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        _ = simulator.open(ROOM_12, &code) => panic!("the answer is not delayed"),
        () = arrived => {}
    }
    let deadline = Instant::now() + Duration::from_secs(10);
    while simulator.openings().await == 0 {
        assert!(Instant::now() < deadline, "the door does not open");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_identity_host_can_answer_404_to_everything() {
    let simulator = TestSimulator::start().await;
    simulator.fault(json!({"kind": "identity_gone"})).await;
    let answer = simulator.token_request(&password_form("user_api.full_access")).await;
    assert_eq!((answer.status(), answer.body()), (404, &b""[..]));
    assert_eq!(simulator.get("/.well-known/openid-configuration").await.status(), 404);
    assert_eq!(simulator.get("/v1.2/sites").await.status(), 200);
}

#[tokio::test]
async fn a_fault_applies_to_its_lock_its_iq_and_its_number_of_calls_only() {
    let simulator = TestSimulator::activated().await;
    simulator.fault(json!({"kind": "status", "status": 500, "lock": ROOM_12, "times": 2})).await;
    simulator.fault(json!({"kind": "status", "status": 502, "iq": IQ, "call": "secret"})).await;
    assert_eq!(simulator.open(FRONT_DOOR, &otp()).await.status(), 200);
    assert_eq!(simulator.open(ROOM_12, &otp()).await.status(), 500);
    let site = "/v1.2/sites/0f6f1a52-6d4c-4f6e-9d0c-6254340082aa";
    assert_eq!(simulator.get(&format!("{site}/iqs/{IQ}/secret")).await.status(), 502);
    let other = IQ.replace("0001-", "0002-");
    assert_eq!(simulator.get(&format!("{site}/iqs/{other}/secret")).await.error().0, 404);
    assert_eq!(simulator.open(ROOM_12, &otp()).await.status(), 500);
    assert_eq!(simulator.open(ROOM_12, &otp()).await.status(), 200);
    let faults = &simulator.read("faults").await["faults"];
    assert_eq!((&faults[0]["hits"], &faults[0]["remaining"]), (&json!(2), &json!(0)));
    assert_eq!((&faults[1]["hits"], &faults[1]["remaining"]), (&json!(1), &Value::Null));
}

#[tokio::test]
async fn a_fault_can_apply_to_one_account() {
    let simulator = TestSimulator::start().await;
    let form = password_form("user_api.full_access offline_access");
    let granted = simulator.token_request(&form).await.json();
    let refresh = format!(
        "grant_type=refresh_token&refresh_token={}&client_id=postern-demo&client_secret=demo-client-secret",
        granted["refresh_token"].as_str().expect("a text")
    );
    simulator
        .fault(json!({"kind": "status", "status": 500, "username": "other-user@acme.example"}))
        .await;
    assert_eq!(simulator.get("/v1.2/sites").await.status(), 200);
    assert_eq!(simulator.token_request(&form).await.status(), 200);
    simulator
        .fault(json!({"kind": "status", "status": 503, "username": "system-user@acme.example"}))
        .await;
    assert_eq!(simulator.get("/v1.2/sites").await.status(), 503);
    assert_eq!(simulator.token_request(&form).await.status(), 503);
    assert_eq!(simulator.token_request(&refresh).await.status(), 503);
}
