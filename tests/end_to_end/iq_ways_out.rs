//! An IQ whose doors stay shut has a way out: the same next step in `doctor`, `iq list`, `mapping check`, `iq probe` and
//! `iq activate`, which does what helps.

use crate::doctor::Report;
use crate::operator::{JsonOutput, change_iq, file, iq, listed, postern, proofs};
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::setup::Setup;
use end_to_end::simulator::IQ_GROUND_FLOOR;
use md5::{Digest, Md5};
use serde_json::{Value, json};

const ACTIVATED: &str = "system-user@acme.example";

/// The next step for the IQ of the ground floor, which must be the same in every command that shows it.
async fn next_step(setup: &Setup) -> String {
    let next = listed(setup, IQ_GROUND_FLOOR).await["next"].clone();
    let next = next.as_str().expect("a next step").to_owned();
    let report = Report::of(setup).await;
    let of_iq =
        |it: &&Value| it["check"] == "iq" && it["subject"].to_string().contains(IQ_GROUND_FLOOR);
    let found = report.findings().iter().find(of_iq).expect("a finding about the IQ");
    assert_eq!(found["next"], next, "doctor");
    let mapping = postern(setup, &["mapping", "check"]).await;
    let found = mapping.rows.iter().find(|it| it["iq_id"] == IQ_GROUND_FLOOR).expect("a finding");
    assert_eq!(found["next"], next, "mapping check");
    next
}

async fn activate(setup: &Setup, more: &[&str]) -> JsonOutput {
    iq(setup, "activate", more).await
}

/// Rejects one-time passwords until the activation is degraded.
async fn degraded() -> Setup {
    let setup = Setup::new().await;
    setup.simulator.change_settings(json!({"otp_failures": 100})).await;
    change_iq(&setup, json!({"secret": "RotatedByAnApp01"})).await;
    for _ in 0..3 {
        iq(&setup, "probe", &["--force"]).await;
    }
    assert_eq!(listed(&setup, IQ_GROUND_FLOOR).await["state"], "degraded");
    setup
}

#[tokio::test]
async fn each_state_has_one_next_step_in_every_command() {
    let setup = Setup::unactivated().await;
    assert!(next_step(&setup).await.starts_with("`postern iq activate --integration"));
    change_iq(&setup, json!({"activated_for": [ACTIVATED]})).await;
    let elsewhere = next_step(&setup).await;
    assert!(elsewhere.contains("iq adopt") && elsewhere.contains("Reset PIN"), "{elsewhere}");
    change_iq(&setup, json!({"activated_for": []})).await;
    activate(&setup, &[]).await.assert_failed("no PIN was given");
    assert!(next_step(&setup).await.contains("--send-pin sms"));
    let pin = file(&setup, "pin", "6596");
    activate(&setup, &["--pin-file", &pin]).await.assert_done();
    change_iq(&setup, json!({"online": false})).await;
    assert!(next_step(&setup).await.contains("power and network"));
    change_iq(&setup, json!({"online": true, "restore_required": true})).await;
    assert!(next_step(&setup).await.contains("restore the IQ in Salto KS"));
    activate(&setup, &[]).await.assert_failed("restore the IQ in Salto KS");
}

#[tokio::test]
async fn a_degraded_iq_says_what_to_do_and_a_reset_at_salto_lets_activate_begin_anew() {
    let setup = degraded().await;
    let next = next_step(&setup).await;
    for way in ["iq probe --force", "iq adopt", "Reset PIN", "iq activate"] {
        assert!(next.contains(way), "{way}: {next}");
    }
    let before = proofs(&setup).await;
    activate(&setup, &[]).await.assert_failed(&next);
    assert_eq!(proofs(&setup).await, before, "no one-time password was sent");

    // The site's admin resets the user's PIN: the user is no longer activated.
    let reset = json!({"activated_for": [], "secret": "GivenAfterReset1", "pin": "4711"});
    change_iq(&setup, reset).await;
    assert!(next_step(&setup).await.contains("has reset the activation"));
    activate(&setup, &[]).await.assert_failed("no PIN was given");
    let row = listed(&setup, IQ_GROUND_FLOOR).await;
    assert_eq!((&row["state"], &row["rejected_in_a_row"]), (&json!("pending_pin"), &json!(0)));
    let pin = file(&setup, "pin", "4711");
    activate(&setup, &["--pin-file", &pin]).await.assert_done();
    let fixture = Fixture::new(setup, 1).await;
    assert_eq!(fixture.open("R-1", BOOKING).await.kind, "lock.opened.v1");
}

#[tokio::test]
async fn the_probe_names_the_same_next_step() {
    let setup = degraded().await;
    let probed = iq(&setup, "probe", &["--force"]).await;
    let meaning = probed.rows[0]["meaning"].as_str().expect("a text").to_owned();
    let next = next_step(&setup).await;
    assert!(meaning.ends_with(&next), "{meaning}\n{next}");
}

#[tokio::test]
async fn while_the_user_is_blocked_activate_says_until_when() {
    let setup = Setup::new().await;
    let blocked = json!({"kind": "status", "status": 403, "error_code": "3102", "message": "otp_blocked", "call": "pin", "times": 1});
    setup.simulator.add_fault(blocked).await;
    iq(&setup, "probe", &[]).await;
    let before = proofs(&setup).await;
    activate(&setup, &[]).await.assert_failed("no command is sent until");
    assert_eq!(proofs(&setup).await, before, "nothing was sent");
}

#[tokio::test]
async fn the_pin_is_sent_again_by_mail_or_as_a_text_message() {
    let setup = Setup::unactivated().await;
    let mails = async || setup.simulator.control(reqwest::Method::GET, "mailbox", None).await;
    activate(&setup, &[]).await.assert_failed("no PIN was given");
    activate(&setup, &["--send-pin", "sms"]).await.assert_failed("as a text message");
    activate(&setup, &["--send-pin", "email"]).await.assert_failed("by mail");
    activate(&setup, &[]).await.assert_failed("with --send-pin email or --send-pin sms");
    let sent = mails().await;
    let by: Vec<_> = sent["mails"].as_array().expect("a list").iter().map(|it| &it["by"]).collect();
    assert_eq!(by, ["email", "sms", "email"]);
    let pin = file(&setup, "pin", "6596");
    activate(&setup, &["--pin-file", &pin]).await.assert_done();
}

#[tokio::test]
async fn a_code_of_an_active_device_gives_the_secret() {
    let setup = Setup::unactivated().await;
    change_iq(&setup, json!({"activated_for": [ACTIVATED]})).await;
    let pin = file(&setup, "pin", "6596");
    let wrong = ["--device-code", "00000", "--pin-file", &pin];
    iq(&setup, "adopt", &wrong).await.assert_failed("nothing was stored");
    assert_eq!(listed(&setup, IQ_GROUND_FLOOR).await["rejected_in_a_row"], 1, "it counts");
    let text = format!("{}GroundFloorIq0016596", chrono::Utc::now().format("%Y%m%d%H%M%S"));
    let code: String =
        Md5::digest(text).iter().map(|byte| format!("{byte:02x}")).collect::<String>()[..5].into();
    let adopted =
        iq(&setup, "adopt", &["--device-code", &code, "--pin-file", &pin]).await.assert_done();
    assert!(!format!("{adopted:?}").contains(&code), "{adopted:?}");
    let fixture = Fixture::new(setup, 1).await;
    assert_eq!(fixture.open("R-1", BOOKING).await.kind, "lock.opened.v1");
}
