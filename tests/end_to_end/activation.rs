//! `postern iq activate`: each step once, also after an interruption.

use crate::operator::listed;
use end_to_end::deadline::{SOON, until_true};
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::INTEGRATION;
use end_to_end::setup::Setup;
use end_to_end::simulator::IQ_GROUND_FLOOR;
use serde_json::{Value, json};
use std::process::Output;

const ACTIVATE: [&str; 6] =
    ["iq", "activate", "--integration", INTEGRATION, "--iq", IQ_GROUND_FLOOR];

/// `iq activate` with the PIN in a file.
async fn activate(setup: &Setup, pin: &str) -> Output {
    setup.postern(&[&ACTIVATE[..], &["--pin-file", &pin_file(setup, pin)]].concat()).await
}

fn pin_file(setup: &Setup, pin: &str) -> String {
    let path = setup.directory().join("pin");
    std::fs::write(&path, format!("{pin}\n")).expect("the PIN is written");
    path.to_str().expect("a path is text").to_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The activation state of the ground floor's IQ according to postern.
async fn state(setup: &Setup) -> String {
    let list = ["iq", "list", "--integration", INTEGRATION, "--output", "json"];
    let output = setup.postern(&list).await;
    assert!(output.status.success(), "{}", stderr(&output));
    let lines = String::from_utf8(output.stdout).expect("JSON is UTF-8");
    let mut rows = lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let row = rows.find(|row| row["id"] == IQ_GROUND_FLOOR).expect("the IQ is listed");
    row["state"].as_str().expect("a state is text").to_owned()
}

async fn calls(setup: &Setup, kind: &str) -> u64 {
    setup.simulator.counters().await["calls"][kind].as_u64().unwrap_or_default()
}

/// Kills `iq activate` while it waits for the answer to this call, the `count`th of its kind; the call takes effect.
async fn killed_during(setup: &Setup, call: Value, count: u64, more: &[&str]) {
    let mut fault = json!({"kind": "delay", "delay_ms": 60_000, "carried_out": true, "times": 1});
    for (member, value) in call.as_object().expect("members of a fault") {
        fault[member] = value.clone();
    }
    setup.simulator.add_fault(fault).await;
    let command = setup.postern_in_background("killed", &[&ACTIVATE[..], more].concat());
    let kind = call["call"].as_str().expect("a call");
    until_true(&format!("{count} calls for the {kind}"), SOON, || async {
        assert!(command.status().is_none(), "it ended:\n{}", command.log());
        calls(setup, kind).await >= count
    })
    .await;
    command.kill().await;
}

#[tokio::test]
async fn an_activation_that_is_killed_at_any_call_continues_where_it_was() {
    let setup = Setup::unactivated().await;
    assert_eq!(state(&setup).await, "not_activated");
    killed_during(&setup, json!({"call": "secret"}), 1, &[]).await;
    assert_eq!(state(&setup).await, "not_activated");
    killed_during(&setup, json!({"call": "pin", "method": "GET"}), 1, &[]).await;
    assert_eq!(state(&setup).await, "pending_pin");
    assert_eq!(calls(&setup, "secret").await, 2, "the lost answer is asked for again");

    let pin = setup.simulator.mailed_pin(IQ_GROUND_FLOOR).await;
    let more = ["--pin-file", &pin_file(&setup, &pin)];
    // The mail is requested again, because the answer to the first request was lost.
    killed_during(&setup, json!({"call": "pin", "method": "PUT"}), 3, &more).await;
    // The IQ is activated at Salto, which would not return secret and PIN again.
    assert_eq!(state(&setup).await, "pending_pin");
    let output = setup.postern(&ACTIVATE).await;
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(state(&setup).await, "activated");
    assert_eq!(calls(&setup, "secret").await, 2, "a stored secret is not asked for");

    // Again: nothing is left to do, and nothing is requested.
    let before = calls(&setup, "pin").await;
    let output = setup.postern(&[&ACTIVATE[..], &["--output", "json"]].concat()).await;
    assert!(output.status.success(), "{}", stderr(&output));
    let line: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    let expected = json!({
        "integration_id": INTEGRATION, "iq_id": IQ_GROUND_FLOOR, "iq_name": "iq-ground-floor",
        "state": "activated",
    });
    assert_eq!(line, expected);
    assert_eq!((calls(&setup, "secret").await, calls(&setup, "pin").await), (2, before));
    let fixture = Fixture::new(setup, 1).await;
    assert_eq!(fixture.open("R-1", BOOKING).await.kind, "lock.opened.v1");
}

#[tokio::test]
async fn after_a_wrong_pin_the_right_one_can_be_given() {
    let setup = Setup::unactivated().await;
    for (pin, why) in [("12", "four digits"), ("9999", "does not accept this PIN")] {
        let output = activate(&setup, pin).await;
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).contains(why), "{}", stderr(&output));
        assert!(!stderr(&output).contains("9999"), "{}", stderr(&output));
        assert_eq!(state(&setup).await, "pending_pin");
    }
    // A rejected PIN is not tried again automatically.
    let before = calls(&setup, "pin").await;
    let output = setup.postern(&ACTIVATE).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("no PIN was given"), "{}", stderr(&output));
    assert_eq!(calls(&setup, "pin").await, before);

    let output = activate(&setup, "6596").await;
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(state(&setup).await, "activated");
    assert_eq!(calls(&setup, "secret").await, 1);
}

#[tokio::test]
async fn an_iq_that_another_program_activated_is_reported() {
    let setup = Setup::unactivated().await;
    let activated = json!({"activated_for": ["system-user@acme.example"]});
    setup.simulator.change_iq(IQ_GROUND_FLOOR, activated).await;
    let output = activate(&setup, "6596").await;
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("already activated at the IQ"), "{}", stderr(&output));
    assert_eq!(state(&setup).await, "not_activated");
}

#[tokio::test]
async fn a_pin_in_the_answer_is_used_and_the_other_otp_scheme_opens_too() {
    let mut setup = Setup::unactivated().await;
    setup.settings.set_integration("otp_scheme", "totp-sha1");
    let change = json!({"pin_in_body": true, "otp_scheme": "totp-sha1", "pin": "0007"});
    setup.simulator.change_iq(IQ_GROUND_FLOOR, change).await;
    let output = setup.postern(&ACTIVATE).await;
    assert!(output.status.success(), "{}", stderr(&output));
    // It is only shown at a terminal.
    assert!(stderr(&output).contains("the PIN from Salto's answer"), "{}", stderr(&output));
    assert!(!stderr(&output).contains("0007"), "{}", stderr(&output));
    let fixture = Fixture::new(setup, 1).await;
    assert_eq!(fixture.open("R-1", BOOKING).await.kind, "lock.opened.v1");
}

#[tokio::test]
async fn rejected_pins_count_and_a_block_is_respected() {
    let setup = Setup::unactivated().await;
    for (rejected, pin) in [(1, "1111"), (2, "2222")] {
        activate(&setup, pin).await;
        assert_eq!(listed(&setup, IQ_GROUND_FLOOR).await["rejected_in_a_row"], rejected);
    }
    let blocked = json!({"kind": "status", "status": 403, "error_code": 3102, "message": "otp_blocked", "call": "pin", "times": 1});
    // A third wrong one could block the user, so none is sent.
    let before = calls(&setup, "pin").await;
    let output = activate(&setup, "3333").await;
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("one more could block the user"), "{}", stderr(&output));
    assert_eq!(calls(&setup, "pin").await, before, "nothing was sent");
    setup.simulator.add_fault(blocked).await;
    let path = pin_file(&setup, "6596");
    let forced = [&ACTIVATE[..], &["--pin-file", &path, "--force"]].concat();
    let output = setup.postern(&forced).await;
    assert!(stderr(&output).contains("the user is blocked at the IQ"), "{}", stderr(&output));
    assert!(listed(&setup, IQ_GROUND_FLOOR).await["blocked_until"].is_string());

    let before = calls(&setup, "pin").await;
    let output = activate(&setup, "6596").await;
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("no command is sent to it until"), "{}", stderr(&output));
    assert_eq!(calls(&setup, "pin").await, before, "nothing was sent");

    let output = setup.postern(&[&ACTIVATE[..], &["--force"]].concat()).await;
    assert!(output.status.success(), "{}", stderr(&output));
    let row = listed(&setup, IQ_GROUND_FLOOR).await;
    assert_eq!((&row["state"], &row["rejected_in_a_row"]), (&json!("activated"), &json!(0)));
    assert!(row["blocked_until"].is_null(), "{row}");
}

/// Two operators with the PIN; the first `slow` calls for the secret take a second.
async fn two_operators(slow: u64) {
    let setup = Setup::unactivated().await;
    let slow = json!({"kind": "delay", "delay_ms": 1000, "call": "secret", "times": slow});
    setup.simulator.add_fault(slow).await;
    let pin = pin_file(&setup, "6596");
    let arguments = [&ACTIVATE[..], &["--pin-file", &pin]].concat();
    let (one, other) = tokio::join!(setup.postern(&arguments), setup.postern(&arguments));
    let done = [&one, &other].iter().filter(|output| output.status.success()).count();
    assert!(done >= 1, "{}{}", stderr(&one), stderr(&other));
    for output in [&one, &other] {
        let refused = stderr(output).contains("another command changed this IQ's activation");
        assert!(output.status.success() || refused, "{}", stderr(output));
    }
    assert_eq!(state(&setup).await, "activated");
    let fixture = Fixture::new(setup, 1).await;
    assert_eq!(fixture.open("R-1", BOOKING).await.kind, "lock.opened.v1");
}

#[tokio::test]
async fn of_two_operators_one_succeeds_and_the_other_gets_an_error() {
    // Both have read that nothing is stored before one of them stores the secret.
    two_operators(2).await;
    // One has finished before the other requests the secret, which Salto then refuses.
    two_operators(1).await;
}
