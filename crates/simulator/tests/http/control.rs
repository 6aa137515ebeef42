//! The control API.

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::fixtures::{FRONT_DOOR, IQ, ROOM_12, SITE, TestSimulator, USER, otp};

#[tokio::test]
async fn misspelt_requests_are_refused_with_the_reason() {
    let simulator = TestSimulator::start().await;
    let iq = format!("iqs/{IQ}");
    for (method, path, body, expected) in [
        ("POST", "faults", r#"{"kind": "reset", "cal": "open"}"#, "cal"),
        ("POST", "faults", r#"{"kind": "explode"}"#, "explode"),
        ("POST", "faults", r#"{"kind": "reset", "call": "opne"}"#, "opne"),
        ("POST", "faults", r#"{"kind": "reset", "status": 500}"#, "status"),
        ("POST", "faults", r#"{"kind": "status"}"#, "status"),
        ("POST", "faults", r#"{"kind": "status", "status": 99}"#, "status"),
        ("POST", "faults", r#"{"kind": "delay"}"#, "delay_ms"),
        ("POST", "faults", r#"{"kind": "half_answer", "carried_out": false}"#, "carried_out"),
        ("POST", "faults", r#"{"kind": "reset", "times": 0}"#, "times"),
        ("POST", "faults", r#"{"kind": "rate_limit", "retry_after": 1.5}"#, "retry_after"),
        ("POST", "faults", r#"{"kind": "reset", "body": "<html>"}"#, "body"),
        (
            "POST",
            "faults",
            r#"{"kind": "status", "status": 200, "body": "", "message": ""}"#,
            "message",
        ),
        (
            "POST",
            "faults",
            r#"{"kind": "status", "status": 200, "content_type": "text/html"}"#,
            "content_type",
        ),
        ("POST", "faults", "", "kind"),
        ("PUT", "clock", r#"{"offset": 3}"#, "offset"),
        ("PUT", "clock", r#"{"offset_seconds": 99999999999}"#, "ten years"),
        ("PATCH", &iq, r#"{"colour": "red"}"#, "colour"),
        ("PATCH", &iq, r#"{"pin": "12"}"#, "4 digits"),
        ("PATCH", &iq, r#"{"activated_for": ["unknown"]}"#, "there is no account \"unknown\""),
        ("PATCH", "settings", r#"{"pages": 3}"#, "pages"),
        ("PATCH", "settings", r#"{"otp_failures": 0}"#, "otp_failures"),
        ("POST", "tokens/revoke", r#"{"user": "x"}"#, "user"),
        ("POST", "reset", r#"{"all": true}"#, "all"),
        ("GET", "openings?since=yesterday", "", "since"),
        ("GET", "commands?from=3", "", "from"),
    ] {
        let answer = simulator.control_answer(method, path, body).await;
        assert_eq!(answer.status(), 400, "{method} {path} {body}");
        let error = answer.json()["error"].as_str().unwrap().to_owned();
        assert!(error.contains(expected), "{method} {path} {body}: {error}");
    }
    for (method, path) in [
        ("PATCH", format!("iqs/{SITE}")),
        ("PATCH", "accounts/unknown".to_owned()),
        ("DELETE", "faults/7".to_owned()),
    ] {
        assert_eq!(simulator.control_answer(method, &path, "{}").await.status(), 404, "{path}");
    }
    assert_eq!(simulator.read("faults").await, json!({"faults": []}));
}

#[tokio::test]
async fn faults_can_be_listed_and_removed() {
    let simulator = TestSimulator::start().await;
    let fault = simulator.control("POST", "faults", json!({"kind": "reset", "call": "open"})).await;
    let expected = json!({"id": 1, "kind": "reset", "call": "open", "remaining": null, "hits": 0});
    assert_eq!(fault, expected);
    simulator.fault(json!({"kind": "delay", "delay_ms": 1})).await;
    assert_eq!(simulator.control("DELETE", "faults/1", json!({})).await, Value::Null);
    assert_eq!(simulator.read("faults").await["faults"][0]["kind"], "delay");
    assert_eq!(simulator.control("DELETE", "faults", json!({})).await, json!({"removed": 1}));
}

#[tokio::test]
async fn records_can_be_read_on_from_a_number_and_reset() {
    let simulator = TestSimulator::activated().await;
    for lock in [FRONT_DOOR, ROOM_12, FRONT_DOOR] {
        simulator.open(lock, &otp()).await;
    }
    simulator.open(ROOM_12, "wrong").await;
    let newer = simulator.read("openings?since=2").await;
    assert_eq!((&newer["last_seq"], &newer["total"]), (&json!(3), &json!(3)));
    assert_eq!(newer["openings"].as_array().unwrap().len(), 1);
    assert_eq!(newer["openings"][0]["seq"], 3);
    let counters = simulator.read("counters").await;
    assert_eq!((&counters["commands"], &counters["openings"]), (&json!(4), &json!(3)));
    assert_eq!(counters["calls"]["open"], 4);

    simulator.fault(json!({"kind": "reset"})).await;
    simulator.control("POST", "reset", json!({})).await;
    assert_eq!(simulator.read("counters").await["calls"], json!({}));
    assert_eq!(simulator.read("faults").await["faults"], json!([]));
    simulator.open(ROOM_12, &otp()).await;
    let after = simulator.read("openings?since=3").await;
    assert_eq!((&after["openings"][0]["seq"], &after["total"]), (&json!(4), &json!(1)));
}

#[tokio::test]
async fn a_reset_of_the_world_undoes_every_change() {
    let simulator = TestSimulator::activated().await;
    let before = simulator.read("world").await;
    assert_eq!(before["sites"][0]["iqs"][0]["activated_for"][0]["username"], USER);
    simulator.set_clock(77).await;
    simulator.open(ROOM_12, "wrong").await;
    simulator.control("POST", "reset", json!({"world": true})).await;
    assert_eq!(
        simulator.read("commands").await,
        json!({"commands": [], "last_seq": 1, "total": 0})
    );
    assert_eq!(simulator.read("world").await["sites"][0]["iqs"][0]["activated_for"], json!([]));
    assert_eq!(simulator.read("clock").await["offset_seconds"], 0);
    assert_eq!(simulator.get("/v1.2/sites").await.status(), 401);
}

#[tokio::test]
async fn a_changed_password_takes_effect_at_the_next_token() {
    let simulator = TestSimulator::start().await;
    simulator.control("PATCH", &format!("accounts/{USER}"), json!({"password": "new"})).await;
    let form = crate::fixtures::password_form("user_api.full_access");
    assert_eq!(simulator.token_request(&form).await.status(), 400);
    assert_eq!(simulator.token_request(&form.replace("demo-password", "new")).await.status(), 200);
    assert_eq!(simulator.get("/v1.2/sites").await.status(), 200);
}

#[tokio::test]
async fn new_records_are_sent_as_events() {
    let simulator = TestSimulator::activated().await;
    let mut stream = TcpStream::connect(simulator.address()).await.unwrap();
    stream.write_all(b"GET /control/events HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut lines = BufReader::new(stream).lines();
    while !lines.next_line().await.unwrap().unwrap().is_empty() {}
    simulator.open(ROOM_12, &otp()).await;
    let mut seen = Vec::new();
    while seen.len() < 2 {
        let line = lines.next_line().await.unwrap().unwrap();
        if let Some(name) = line.strip_prefix("event: ") {
            seen.push(name.to_owned());
        }
    }
    assert_eq!(seen, ["command", "opening"]);
}

#[tokio::test]
async fn the_doors_show_no_secret() {
    let simulator = TestSimulator::start().await;
    let doors = simulator.read("doors").await;
    assert_eq!(doors["sites"][0]["doors"].as_array().unwrap().len(), 25);
    assert!(!doors.to_string().contains("GroundFloorIq001"));
}
