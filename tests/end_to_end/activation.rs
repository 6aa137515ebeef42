//! `postern iq activate`: once, in steps that survive an interruption.

use crate::operator::listed;
use end_to_end::deadline::{SOON, until_true};
use end_to_end::inbound::INTEGRATION;
use end_to_end::scene::{BOOKING, Scene};
use end_to_end::simulator::IQ_GROUND_FLOOR;
use end_to_end::world::World;
use serde_json::{Value, json};
use std::process::Output;

const ACTIVATE: [&str; 6] =
    ["iq", "activate", "--integration", INTEGRATION, "--iq", IQ_GROUND_FLOOR];

/// `iq activate` with the PIN in a file.
async fn activate(world: &World, pin: &str) -> Output {
    world.postern(&[&ACTIVATE[..], &["--pin-file", &pin_file(world, pin)]].concat()).await
}

fn pin_file(world: &World, pin: &str) -> String {
    let path = world.directory().join("pin");
    std::fs::write(&path, format!("{pin}\n")).expect("the PIN is written");
    path.to_str().expect("a path is text").to_owned()
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// How far postern says that the ground floor's IQ is.
async fn state(world: &World) -> String {
    let list = ["iq", "list", "--integration", INTEGRATION, "--output", "json"];
    let output = world.postern(&list).await;
    assert!(output.status.success(), "{}", words(&output));
    let lines = String::from_utf8(output.stdout).expect("JSON is UTF-8");
    let mut rows = lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let row = rows.find(|row| row["id"] == IQ_GROUND_FLOOR).expect("the IQ is listed");
    row["state"].as_str().expect("a state is text").to_owned()
}

async fn calls(world: &World, kind: &str) -> u64 {
    world.simulator.counters().await["calls"][kind].as_u64().unwrap_or_default()
}

/// Kills `iq activate` while it waits for the answer to this call, the `count`th of its kind, which takes effect all
/// the same.
async fn killed_during(world: &World, call: Value, count: u64, more: &[&str]) {
    let mut fault = json!({"kind": "delay", "delay_ms": 60_000, "carried_out": true, "times": 1});
    for (member, value) in call.as_object().expect("members of a fault") {
        fault[member] = value.clone();
    }
    world.simulator.fault(fault).await;
    let command = world.postern_in_background("killed", &[&ACTIVATE[..], more].concat());
    let kind = call["call"].as_str().expect("a call");
    until_true(&format!("{count} calls for the {kind}"), SOON, || async {
        assert!(command.status().is_none(), "it ended:\n{}", command.log());
        calls(world, kind).await >= count
    })
    .await;
    command.kill().await;
}

#[tokio::test]
async fn an_activation_that_is_killed_at_any_call_goes_on_where_it_was() {
    let world = World::unactivated().await;
    assert_eq!(state(&world).await, "not_activated");
    killed_during(&world, json!({"call": "secret"}), 1, &[]).await;
    assert_eq!(state(&world).await, "not_activated");
    killed_during(&world, json!({"call": "pin", "method": "GET"}), 1, &[]).await;
    assert_eq!(state(&world).await, "pending_pin");
    assert_eq!(calls(&world, "secret").await, 2, "the lost answer is asked for again");

    let pin = world.simulator.mailed_pin(IQ_GROUND_FLOOR).await;
    let more = ["--pin-file", &pin_file(&world, &pin)];
    // The mail is asked for once more, as nobody heard that it was sent.
    killed_during(&world, json!({"call": "pin", "method": "PUT"}), 3, &more).await;
    // Salto has it activated, and would give neither secret nor PIN again.
    assert_eq!(state(&world).await, "pending_pin");
    let output = world.postern(&ACTIVATE).await;
    assert!(output.status.success(), "{}", words(&output));
    assert_eq!(state(&world).await, "activated");
    assert_eq!(calls(&world, "secret").await, 2, "a stored secret is not asked for");

    // Once more: nothing is left to do, and nothing is asked.
    let before = calls(&world, "pin").await;
    let output = world.postern(&[&ACTIVATE[..], &["--output", "json"]].concat()).await;
    assert!(output.status.success(), "{}", words(&output));
    let line: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    let expected =
        json!({"integration_id": INTEGRATION, "iq_id": IQ_GROUND_FLOOR, "state": "activated"});
    assert_eq!(line, expected);
    assert_eq!((calls(&world, "secret").await, calls(&world, "pin").await), (2, before));
    let scene = Scene::new(world, 1).await;
    assert_eq!(scene.open("R-1", BOOKING).await.kind, "lock.opened.v1");
}

#[tokio::test]
async fn a_wrong_pin_fails_and_leaves_the_way_open_for_the_right_one() {
    let world = World::unactivated().await;
    for (pin, why) in [("12", "four digits"), ("9999", "does not accept this PIN")] {
        let output = activate(&world, pin).await;
        assert_eq!(output.status.code(), Some(1));
        assert!(words(&output).contains(why), "{}", words(&output));
        assert!(!words(&output).contains("9999"), "{}", words(&output));
        assert_eq!(state(&world).await, "pending_pin");
    }
    // A PIN that was refused is not tried again by itself.
    let before = calls(&world, "pin").await;
    let output = world.postern(&ACTIVATE).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(words(&output).contains("no PIN was given"), "{}", words(&output));
    assert_eq!(calls(&world, "pin").await, before);

    let output = activate(&world, "6596").await;
    assert!(output.status.success(), "{}", words(&output));
    assert_eq!(state(&world).await, "activated");
    assert_eq!(calls(&world, "secret").await, 1);
}

#[tokio::test]
async fn an_iq_that_was_activated_by_others_is_told_apart() {
    let world = World::unactivated().await;
    let activated = json!({"activated_for": ["system-user@acme.example"]});
    world.simulator.change_iq(IQ_GROUND_FLOOR, activated).await;
    let output = activate(&world, "6596").await;
    assert_eq!(output.status.code(), Some(1));
    assert!(words(&output).contains("already activated at the IQ"), "{}", words(&output));
    assert_eq!(state(&world).await, "not_activated");
}

#[tokio::test]
async fn a_pin_on_the_screen_is_taken_and_the_other_otp_scheme_opens_too() {
    let mut world = World::unactivated().await;
    world.settings.set_integration("otp_scheme", "totp-sha1");
    let change = json!({"pin_in_body": true, "otp_scheme": "totp-sha1", "pin": "0007"});
    world.simulator.change_iq(IQ_GROUND_FLOOR, change).await;
    let output = world.postern(&ACTIVATE).await;
    assert!(output.status.success(), "{}", words(&output));
    // It is shown to a person at a terminal alone.
    assert!(words(&output).contains("the PIN from Salto's answer"), "{}", words(&output));
    assert!(!words(&output).contains("0007"), "{}", words(&output));
    let scene = Scene::new(world, 1).await;
    assert_eq!(scene.open("R-1", BOOKING).await.kind, "lock.opened.v1");
}

#[tokio::test]
async fn refused_pins_count_and_a_block_is_respected() {
    let world = World::unactivated().await;
    for (rejected, pin) in [(1, "1111"), (2, "2222")] {
        activate(&world, pin).await;
        assert_eq!(listed(&world, IQ_GROUND_FLOOR).await["rejected_in_a_row"], rejected);
    }
    let blocked = json!({"kind": "status", "status": 403, "error_code": 3102, "message": "otp_blocked", "call": "pin", "times": 1});
    world.simulator.fault(blocked).await;
    let output = activate(&world, "6596").await;
    assert!(words(&output).contains("the user is blocked at the IQ"), "{}", words(&output));
    assert!(listed(&world, IQ_GROUND_FLOOR).await["blocked_until"].is_string());

    let before = calls(&world, "pin").await;
    let output = activate(&world, "6596").await;
    assert_eq!(output.status.code(), Some(1));
    assert!(words(&output).contains("no command is sent to it until"), "{}", words(&output));
    assert_eq!(calls(&world, "pin").await, before, "nothing was sent");

    let output = world.postern(&[&ACTIVATE[..], &["--force"]].concat()).await;
    assert!(output.status.success(), "{}", words(&output));
    let row = listed(&world, IQ_GROUND_FLOOR).await;
    assert_eq!((&row["state"], &row["rejected_in_a_row"]), (&json!("activated"), &json!(0)));
    assert!(row["blocked_until"].is_null(), "{row}");
}

/// Two operators with the PIN at hand; the first `slow` calls for the secret take a second.
async fn two_operators(slow: u64) {
    let world = World::unactivated().await;
    let slow = json!({"kind": "delay", "delay_ms": 1000, "call": "secret", "times": slow});
    world.simulator.fault(slow).await;
    let pin = pin_file(&world, "6596");
    let arguments = [&ACTIVATE[..], &["--pin-file", &pin]].concat();
    let (one, other) = tokio::join!(world.postern(&arguments), world.postern(&arguments));
    let done = [&one, &other].iter().filter(|output| output.status.success()).count();
    assert!(done >= 1, "{}{}", words(&one), words(&other));
    for output in [&one, &other] {
        let told = words(output).contains("somebody else changed this IQ's activation");
        assert!(output.status.success() || told, "{}", words(output));
    }
    assert_eq!(state(&world).await, "activated");
    let scene = Scene::new(world, 1).await;
    assert_eq!(scene.open("R-1", BOOKING).await.kind, "lock.opened.v1");
}

#[tokio::test]
async fn of_two_operators_one_wins_and_the_other_is_told() {
    // Both have read that there is nothing yet, before either stores the secret.
    two_operators(2).await;
    // One is done before the other has asked for the secret, which Salto does not give then.
    two_operators(1).await;
}
