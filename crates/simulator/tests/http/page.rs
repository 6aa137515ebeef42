//! The page's forms, as a browser without a script sends them.

use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::answer::{Answer, exchange};
use crate::fixtures::{IQ, IQ_2, ROOM_12, TestSimulator, USER, otp};

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

async fn page(simulator: &TestSimulator) -> String {
    let page = exchange(simulator.address(), "GET", "/", &[], "").await;
    assert_eq!(page.status(), 200);
    assert!(page.header("content-type").unwrap().starts_with("text/html"));
    String::from_utf8(page.body().to_vec()).unwrap()
}

/// What the page says of one IQ or lock.
async fn part(simulator: &TestSimulator, id: &str) -> String {
    let page = page(simulator).await;
    let start = page.find(&format!("id=\"{id}\"")).expect("it is on the page");
    let end = page[start..].find("</li>").expect("it ends");
    page[start..start + end].to_owned()
}

async fn send(simulator: &TestSimulator, path: &str, form: &str) -> Answer {
    exchange(simulator.address(), "POST", path, &[FORM], form).await
}

/// Sends a form that leads back to this place on the page.
async fn sent(simulator: &TestSimulator, path: &str, form: &str, back: &str) {
    let answer = send(simulator, path, form).await;
    assert_eq!(answer.status(), 303, "{path} {form}");
    assert_eq!(answer.header("location").unwrap(), back);
}

#[tokio::test]
async fn the_page_shows_no_secret_and_loads_nothing_from_elsewhere() {
    let simulator = TestSimulator::activated().await;
    let page = page(&simulator).await;
    assert_eq!(page.matches("class=\"door\"").count(), 25);
    assert!(page.contains(&format!("Activated for {USER}.")), "{page}");
    for secret in ["GroundFloorIq001", "FirstFloorIq0002", "6596", "demo-password"] {
        assert!(!page.contains(secret), "{secret}");
    }
    let answer = exchange(simulator.address(), "GET", "/", &[], "").await;
    assert!(answer.header("content-security-policy").unwrap().starts_with("default-src 'none'"));
    for file in ["/page/style.css", "/page/script.js"] {
        assert!(page.contains(file));
        assert_eq!(exchange(simulator.address(), "GET", file, &[], "").await.status(), 200);
    }
}

#[tokio::test]
async fn an_iq_is_taken_offline_and_online() {
    let simulator = TestSimulator::activated().await;
    let (path, place) = (format!("/page/iqs/{IQ}"), format!("iq-{IQ}"));
    let back = format!("/?said=iq#{place}");
    assert!(part(&simulator, &place).await.contains("name=\"online\" value=\"false\""));
    sent(&simulator, &path, "online=false", &back).await;
    assert!(part(&simulator, &place).await.contains("name=\"online\" value=\"true\""));
    assert_eq!(simulator.open(ROOM_12, &otp()).await.error().0, 400);
    assert_eq!(simulator.last_command().await["verdict"], "iq_offline");
    assert!(part(&simulator, &format!("lock-{ROOM_12}")).await.contains(" offline"));
    sent(&simulator, &path, "online=true", &back).await;
    assert_eq!(simulator.open(ROOM_12, &otp()).await.status(), 200);
    assert!(part(&simulator, &format!("lock-{ROOM_12}")).await.contains(">open<"));
}

#[tokio::test]
async fn otps_are_refused_and_a_blocked_user_is_unblocked() {
    let simulator = TestSimulator::activated().await;
    let (path, place) = (format!("/page/iqs/{IQ}"), format!("iq-{IQ}"));
    let back = format!("/?said=iq#{place}");
    sent(&simulator, &path, "restore_required=true", &back).await;
    assert!(part(&simulator, &place).await.contains("refuses OTPs"));
    for _ in 0..8 {
        simulator.open(ROOM_12, &otp()).await;
        assert_eq!(simulator.last_command().await["verdict"], "otp_invalid");
    }
    sent(&simulator, &path, "restore_required=false", &back).await;
    assert_eq!(simulator.open(ROOM_12, &otp()).await.status(), 403);
    assert!(part(&simulator, &place).await.contains("name=\"unblock\""));
    sent(&simulator, &path, "unblock=true", &back).await;
    assert!(!part(&simulator, &place).await.contains("name=\"unblock\""));
    assert_eq!(simulator.open(ROOM_12, &otp()).await.status(), 200);
}

#[tokio::test]
async fn a_lock_is_made_private_is_moved_and_loses_its_iq() {
    let simulator = TestSimulator::activated().await;
    let (path, place) = (format!("/page/locks/{ROOM_12}"), format!("lock-{ROOM_12}"));
    let back = format!("/?said=lock#{place}");
    for (form, seen, verdict) in [
        ("privacy_mode=true", "privacy mode</span>", "privacy_mode"),
        ("online=false", "lock offline", "lock_offline"),
        (&*format!("iq_id={IQ_2}"), ", iq-first-floor", "otp_invalid"),
    ] {
        sent(&simulator, &path, form, &back).await;
        let shown = part(&simulator, &place).await;
        assert!(shown.contains(seen), "{form}: {shown}");
        simulator.open(ROOM_12, &otp()).await;
        assert_eq!(simulator.last_command().await["verdict"], verdict);
    }
}

#[tokio::test]
async fn the_clock_is_stepped_and_a_step_too_far_is_explained() {
    let simulator = TestSimulator::start().await;
    sent(&simulator, "/page/clock", "offset_seconds=600", "/?said=clock#clock").await;
    assert_eq!(simulator.read("clock").await["offset_seconds"], 600);
    let shown = page(&simulator).await;
    assert!(shown.contains("600 s ahead"), "{shown}");
    assert!(shown.contains("name=\"offset_seconds\" value=\"720\""), "{shown}");
    let refused = send(&simulator, "/page/clock", "offset_seconds=99999999999").await;
    assert_eq!(refused.status(), 400);
    let text = String::from_utf8_lossy(refused.body()).into_owned();
    assert!(text.contains("role=\"alert\">offset_seconds must be within ten years"), "{text}");
    assert_eq!(simulator.read("clock").await["offset_seconds"], 600);
}

#[tokio::test]
async fn forms_of_other_sites_and_unknown_doors_change_nothing() {
    let simulator = TestSimulator::start().await;
    let path = format!("/page/iqs/{IQ}");
    for (from, status) in [("cross-site", 403), ("same-site", 403), ("same-origin", 303)] {
        let headers = [FORM, ("Sec-Fetch-Site", from)];
        let answer =
            exchange(simulator.address(), "POST", &path, &headers, "restore_required=true").await;
        assert_eq!(answer.status(), status, "{from}");
        let changed = part(&simulator, &format!("iq-{IQ}")).await.contains("refuses OTPs");
        assert_eq!(changed, status == 303, "{from}");
    }
    let unknown = send(&simulator, &format!("/page/locks/{IQ}"), "online=false").await;
    assert_eq!(unknown.status(), 404);
    assert!(String::from_utf8_lossy(unknown.body()).contains("there is no lock"));
    let misspelt = send(&simulator, &path, "onlin=false").await;
    assert_eq!(misspelt.status(), 422);
}

#[tokio::test]
async fn without_a_broker_the_page_says_how_to_ring() {
    let simulator = TestSimulator::start().await;
    let shown = page(&simulator).await;
    assert!(shown.contains("--broker-url") && !shown.contains("/page/rings"), "{shown}");
    let ring = json!({"integration": "acme", "booking": "b-1", "object": "room-12"});
    let refused = simulator.control_answer("POST", "rings", &ring.to_string()).await;
    assert_eq!(refused.status(), 409);
    assert!(refused.json()["error"].as_str().unwrap().contains("--broker-url"));
    assert_eq!(simulator.read("rings").await, json!({"rings": []}));
}

#[tokio::test]
async fn bookings_and_rings_with_mistakes_are_refused() {
    let simulator = TestSimulator::start().await;
    let booking = |lasts: i64| json!({"integration": "a", "booking": "b", "object": "o", "lasts_minutes": lasts});
    for (path, body, expected) in [
        ("bookings", booking(0), "lasts_minutes must be from 1 to 576000, not 0"),
        ("bookings", booking(576_001), "not 576001"),
        ("bookings", json!({"integration": "", "booking": "b", "object": "o"}), "integration"),
        ("bookings", json!({"integration": "a", "booking": "b"}), "object"),
        ("rings", json!({"integration": "a", "booking": ""}), "booking must not be empty"),
        ("rings", json!({"integration": "a", "booking": "b", "door": "o"}), "door"),
    ] {
        let answer = simulator.control_answer("POST", path, &body.to_string()).await;
        assert_eq!(answer.status(), 400, "{path} {body}");
        let error = answer.json()["error"].as_str().unwrap().to_owned();
        assert!(error.contains(expected), "{path} {body}: {error}");
    }
}

#[tokio::test]
async fn every_change_is_announced_to_open_pages() {
    let simulator = TestSimulator::start().await;
    let mut stream = TcpStream::connect(simulator.address()).await.unwrap();
    stream.write_all(b"GET /control/events HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut lines = BufReader::new(stream).lines();
    while !lines.next_line().await.unwrap().unwrap().is_empty() {}
    // A refused one and a read one are none.
    send(&simulator, "/page/clock", "offset_seconds=99999999999").await;
    simulator.read("clock").await;
    simulator.put_pin(IQ, json!({"delta": "0000", "otp": otp()})).await;
    send(&simulator, "/page/clock", "offset_seconds=1").await;
    simulator.change_iq(IQ, json!({"online": false})).await;
    simulator
        .get(&format!("/v1.2/sites/{}/iqs/{IQ_2}/pin?send_email=true", crate::fixtures::SITE))
        .await;
    let mut seen = Vec::new();
    while seen.last().is_none_or(|last| last != "mail") {
        let line = lines.next_line().await.unwrap().unwrap();
        seen.extend(line.strip_prefix("event: ").map(str::to_owned));
    }
    assert_eq!(seen, ["change", "change", "change", "mail"]);
}
