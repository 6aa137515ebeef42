use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::rig::{FRONT_DOOR, IQ, ROOM_12, Rig, SITE, USER, otp};

#[tokio::test]
async fn misspelt_orders_are_refused_and_say_why() {
    let rig = Rig::start().await;
    let iq = format!("iqs/{IQ}");
    for (method, path, body, word) in [
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
        ("POST", "faults", "", "kind"),
        ("PUT", "clock", r#"{"offset": 3}"#, "offset"),
        ("PUT", "clock", r#"{"offset_seconds": 99999999999}"#, "ten years"),
        ("PATCH", &iq, r#"{"colour": "red"}"#, "colour"),
        ("PATCH", &iq, r#"{"pin": "12"}"#, "4 digits"),
        ("PATCH", &iq, r#"{"activated_for": ["nobody"]}"#, "nobody"),
        ("PATCH", "settings", r#"{"pages": 3}"#, "pages"),
        ("PATCH", "settings", r#"{"otp_failures": 0}"#, "otp_failures"),
        ("POST", "tokens/revoke", r#"{"user": "x"}"#, "user"),
        ("POST", "reset", r#"{"all": true}"#, "all"),
        ("GET", "openings?since=yesterday", "", "since"),
        ("GET", "commands?from=3", "", "from"),
    ] {
        let answer = rig.control_answer(method, path, body).await;
        assert_eq!(answer.status(), 400, "{method} {path} {body}");
        let error = answer.json()["error"].as_str().unwrap().to_owned();
        assert!(error.contains(word), "{method} {path} {body}: {error}");
    }
    for (method, path) in [
        ("PATCH", format!("iqs/{SITE}")),
        ("PATCH", "accounts/nobody".to_owned()),
        ("DELETE", "faults/7".to_owned()),
    ] {
        assert_eq!(rig.control_answer(method, &path, "{}").await.status(), 404, "{path}");
    }
    assert_eq!(rig.read("faults").await, json!({"faults": []}));
}

#[tokio::test]
async fn faults_can_be_listed_and_taken_back() {
    let rig = Rig::start().await;
    let fault = rig.control("POST", "faults", json!({"kind": "reset", "call": "open"})).await;
    let expected = json!({"id": 1, "kind": "reset", "call": "open", "remaining": null, "hits": 0});
    assert_eq!(fault, expected);
    rig.fault(json!({"kind": "delay", "delay_ms": 1})).await;
    assert_eq!(rig.control("DELETE", "faults/1", json!({})).await, Value::Null);
    assert_eq!(rig.read("faults").await["faults"][0]["kind"], "delay");
    assert_eq!(rig.control("DELETE", "faults", json!({})).await, json!({"removed": 1}));
}

#[tokio::test]
async fn records_are_read_on_from_a_number_and_reset() {
    let rig = Rig::activated().await;
    for lock in [FRONT_DOOR, ROOM_12, FRONT_DOOR] {
        rig.open(lock, &otp()).await;
    }
    rig.open(ROOM_12, "wrong").await;
    let newer = rig.read("openings?since=2").await;
    assert_eq!((&newer["last_seq"], &newer["total"]), (&json!(3), &json!(3)));
    assert_eq!(newer["openings"].as_array().unwrap().len(), 1);
    assert_eq!(newer["openings"][0]["seq"], 3);
    let counters = rig.read("counters").await;
    assert_eq!((&counters["commands"], &counters["openings"]), (&json!(4), &json!(3)));
    assert_eq!(counters["calls"]["open"], 4);

    rig.fault(json!({"kind": "reset"})).await;
    rig.control("POST", "reset", json!({})).await;
    assert_eq!(rig.read("counters").await["calls"], json!({}));
    assert_eq!(rig.read("faults").await["faults"], json!([]));
    rig.open(ROOM_12, &otp()).await;
    let after = rig.read("openings?since=3").await;
    assert_eq!((&after["openings"][0]["seq"], &after["total"]), (&json!(4), &json!(1)));
}

#[tokio::test]
async fn a_reset_of_the_world_takes_back_every_change() {
    let rig = Rig::activated().await;
    let before = rig.read("world").await;
    assert_eq!(before["sites"][0]["iqs"][0]["activated_for"][0]["username"], USER);
    rig.set_clock(77).await;
    rig.open(ROOM_12, "wrong").await;
    rig.control("POST", "reset", json!({"world": true})).await;
    assert_eq!(rig.read("commands").await, json!({"commands": [], "last_seq": 1, "total": 0}));
    assert_eq!(rig.read("world").await["sites"][0]["iqs"][0]["activated_for"], json!([]));
    assert_eq!(rig.read("clock").await["offset_seconds"], 0);
    assert_eq!(rig.get("/v1.2/sites").await.status(), 401);
}

#[tokio::test]
async fn a_changed_password_takes_effect_at_the_next_token() {
    let rig = Rig::start().await;
    rig.control("PATCH", &format!("accounts/{USER}"), json!({"password": "new"})).await;
    let form = crate::rig::password_form("user_api.full_access");
    assert_eq!(rig.token_request(&form).await.status(), 400);
    assert_eq!(rig.token_request(&form.replace("demo-password", "new")).await.status(), 200);
    assert_eq!(rig.get("/v1.2/sites").await.status(), 200);
}

#[tokio::test]
async fn events_come_as_they_happen() {
    let rig = Rig::activated().await;
    let mut stream = TcpStream::connect(rig.address()).await.unwrap();
    stream.write_all(b"GET /control/events HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut lines = BufReader::new(stream).lines();
    while !lines.next_line().await.unwrap().unwrap().is_empty() {}
    rig.open(ROOM_12, &otp()).await;
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
async fn the_page_and_its_doors_hold_no_secret() {
    let rig = Rig::start().await;
    let page = crate::answer::exchange(rig.address(), ("GET", "/"), &[], "").await;
    assert_eq!(page.status(), 200);
    assert!(page.header("content-type").unwrap().starts_with("text/html"));
    let doors = rig.read("doors").await;
    assert_eq!(doors["sites"][0]["doors"].as_array().unwrap().len(), 25);
    assert!(!doors.to_string().contains("GroundFloorIq001"));
}
