//! The operator's commands with JSON output, one object per line.

use end_to_end::deadline::SOON;
use end_to_end::inbound::INTEGRATION;
use end_to_end::setup::Setup;
use end_to_end::simulator::{FRONT_DOOR, IQ_FIRST_FLOOR, IQ_GROUND_FLOOR, ROOM_12};
use serde_json::{Value, json};
use std::process::Output;

fn lines(output: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(output).expect("JSON is UTF-8");
    text.lines().map(|line| serde_json::from_str(line).expect("a JSON object a line")).collect()
}

async fn json(setup: &Setup, arguments: &[&str]) -> Vec<Value> {
    let output = setup.postern(&[arguments, &["--output", "json"]].concat()).await;
    assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    lines(&output.stdout)
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test]
async fn an_operator_can_publish_events_and_watch_the_answers() {
    let setup = Setup::new().await;
    let worker = setup.worker("worker").start().await;
    let tail = setup.postern_in_background("tail", &["tail", "--count", "2", "--output", "json"]);
    tail.wait_for_log("listening", SOON).await;

    let booking = ["publish", "booking-status", "--integration", INTEGRATION, "--booking", "B-1"];
    let state = ["--status", "paid", "--object", "room-12", "--object", "room-13"];
    let window = ["--starts-at", "-1h", "--ends-at", "+1h", "--revision", "7"];
    let events = json(&setup, &[&booking[..], &state, &window].concat()).await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["type"], "booking.status.v1");
    assert_eq!(events[0]["data"]["object_ids"], json!(["room-12", "room-13"]));
    assert_eq!(events[0]["data"]["revision"], 7);
    worker.wait_until_settled("booking-status", 1, SOON).await;

    let request = ["publish", "open-request", "--integration", INTEGRATION, "--booking", "B-1"];
    let more =
        ["--object", "room-13", "--expires-at", "+50s", "--requested-by", "me", "--id", "R-1"];
    let events = json(&setup, &[&request[..], &more].concat()).await;
    assert_eq!(
        (&events[0]["id"], &events[0]["type"]),
        (&"R-1".into(), &"lock.open-request.v1".into())
    );

    assert!(tail.ended(SOON).await.success(), "{}", tail.log());
    let log = tail.log();
    let answer: Vec<Value> = log
        .lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).expect("an event is JSON"))
        .collect();
    let kinds: Vec<_> =
        answer.iter().map(|event| event["type"].as_str().unwrap_or_default()).collect();
    assert_eq!(kinds, ["lock.opened.v1", "booking.check-in.v1"], "{log}");
    for event in &answer {
        assert_eq!(
            (&event["data"]["request_id"], &event["data"]["requested_by"]),
            (&"R-1".into(), &"me".into())
        );
    }
    assert_eq!(setup.simulator.opening_count().await, 1);

    // Events that the worker would reject are not published.
    let over = ["--status", "paid", "--object", "x", "--starts-at", "+1h", "--ends-at", "now"];
    let output = setup.postern(&[&booking[..], &over].concat()).await;
    assert!(!output.status.success() && output.stdout.is_empty(), "{}", stderr(&output));
    assert!(stderr(&output).contains("ends_at"), "{}", stderr(&output));
    assert_eq!(worker.settled("booking-status").await, 1);
}

#[tokio::test]
async fn sites_locks_and_iqs_are_listed_with_their_state_in_postern() {
    let mut setup = Setup::unactivated().await;
    setup.activate(IQ_GROUND_FLOOR).await;
    setup.settings.set_integration("default_lock", FRONT_DOOR);
    setup.simulator.change_iq(IQ_FIRST_FLOOR, json!({"online": false})).await;
    let of = ["list", "--integration", INTEGRATION];

    let sites = json(&setup, &[&["site"][..], &of].concat()).await;
    let site = "0f6f1a52-6d4c-4f6e-9d0c-6254340082aa";
    assert_eq!(sites.len(), 1);
    assert_eq!((&sites[0]["id"], &sites[0]["site_uid"]), (&site.into(), &"NL6254340082".into()));

    // A page has 20 entries, so these are two pages.
    let locks = json(&setup, &[&["lock"][..], &of].concat()).await;
    assert_eq!(locks.len(), 25);
    let lock = |id: &str| locks.iter().find(|lock| lock["id"] == id).expect("it is listed");
    let room = lock(ROOM_12);
    assert_eq!((&room["objects"], &room["iq_id"]), (&json!(["room-12"]), &IQ_GROUND_FLOOR.into()));
    assert_eq!((&room["default"], &lock(FRONT_DOOR)["default"]), (&false.into(), &true.into()));

    assert_iqs(&json(&setup, &[&["iq"][..], &of].concat()).await);

    // The command also works without a list that Salto does not return.
    let gone = json!({"kind": "status", "status": 403, "call": "activated_iqs"});
    setup.simulator.add_fault(gone).await;
    let iqs = json(&setup, &[&["iq"][..], &of].concat()).await;
    assert_eq!(
        (&iqs[0]["state"], &iqs[0]["activated_at_salto"]),
        (&"activated".into(), &json!(null))
    );

    let output = setup.postern(&["site", "list", "--integration", "unknown-house"]).await;
    assert!(!output.status.success() && output.stdout.is_empty());
    assert!(stderr(&output).contains("unknown-house"), "{}", stderr(&output));
    setup.settings.set_integration("password", "of-last-year");
    let output = setup.postern(&[&["site"][..], &of].concat()).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("does not accept the client, user name or password"),
        "{}",
        stderr(&output)
    );
}

/// One IQ is activated, the other one is not activated and offline.
fn assert_iqs(iqs: &[Value]) {
    let states: Vec<_> = iqs
        .iter()
        .map(|iq| (iq["id"].as_str(), iq["state"].as_str(), iq["online"].as_bool()))
        .collect();
    let ground = (Some(IQ_GROUND_FLOOR), Some("activated"), Some(true));
    let first = (Some(IQ_FIRST_FLOOR), Some("not_activated"), Some(false));
    assert_eq!(states, [ground, first]);
    let (ground, first) = (&iqs[0], &iqs[1]);
    let activate =
        format!("`postern iq activate --integration {INTEGRATION} --iq {IQ_FIRST_FLOOR}`");
    for (member, activated, not) in [
        ("at_salto", json!(true), json!(true)),
        ("activated_at_salto", json!(true), json!(false)),
        ("setting_pin", json!(false), json!(false)),
        ("rejected_in_a_row", json!(0), json!(0)),
        ("blocked_until", json!(null), json!(null)),
        ("next", json!(null), json!(activate)),
    ] {
        assert_eq!((&ground[member], &first[member]), (&activated, &not), "{member}");
    }
    assert!(ground["state_since"].is_string() && first["state_since"].is_null(), "{iqs:?}");
    assert!(ground["activated_at_salto_since"].is_string(), "{ground}");
}
