//! `postern iq probe`: checks the OTP, counts rejections, clears them after a success, and does not block the user.

use crate::operator::{change_iq, file, iq, listed, postern, proofs};
use end_to_end::deadline::{SOON, until_true};
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::INTEGRATION;
use end_to_end::setup::Setup;
use end_to_end::simulator::IQ_GROUND_FLOOR;
use serde_json::{Value, json};

/// Waits for an attention event with this state.
async fn wait_for_state(fixture: &Fixture, state: &str) {
    until_true(&format!("attention: {state}"), SOON, || async {
        let events = fixture.outbound.events();
        let mut about = events.iter().filter(|event| event.kind == "iq.attention.v1");
        about.any(|event| event.text("state") == state)
    })
    .await;
}

async fn activation(setup: &Setup) -> (Value, Value, bool) {
    let row = listed(setup, IQ_GROUND_FLOOR).await;
    (row["state"].clone(), row["rejected_in_a_row"].clone(), row["blocked_until"].is_string())
}

#[tokio::test]
async fn rejections_are_counted_and_it_stops_before_the_user_is_blocked() {
    let setup = Setup::new().await;
    let by_name = ["iq", "probe", "--integration", INTEGRATION, "--iq", "iq-ground-floor"];
    let output = postern(&setup, &by_name).await.assert_done();
    assert_eq!(
        (&output.rows[0]["iq_id"], &output.rows[0]["iq_name"]),
        (&json!(IQ_GROUND_FLOOR), &json!("iq-ground-floor"))
    );
    assert_eq!(
        (&output.rows[0]["accepted"], &output.rows[0]["answer"]),
        (&json!(true), &json!("accepted"))
    );
    assert!(setup.simulator.openings().await.is_empty(), "no door was touched");

    change_iq(&setup, json!({"secret": "RotatedByAnApp01"})).await;
    for count in 1..=2 {
        let output = iq(&setup, "probe", &[]).await;
        assert_eq!(output.status, Some(1), "{output:?}");
        let row = &output.rows[0];
        assert_eq!(
            (&row["answer"], &row["rejected_in_a_row"]),
            (&json!("otp_invalid"), &json!(count))
        );
        assert!(row["meaning"].as_str().is_some_and(|text| text.contains("Salto's app")), "{row}");
    }
    let before = proofs(&setup).await;
    iq(&setup, "probe", &[]).await.assert_failed("one more could block the user");
    assert_eq!(proofs(&setup).await, before, "nothing was sent");
    assert_eq!(activation(&setup).await, (json!("activated"), json!(2), false));

    let output = iq(&setup, "probe", &["--force"]).await;
    assert_eq!((output.status, &output.rows[0]["state"]), (Some(1), &json!("degraded")));

    change_iq(&setup, json!({"secret": "GroundFloorIq001"})).await;
    let output = iq(&setup, "probe", &["--force"]).await.assert_done();
    assert_eq!(output.rows[0]["state"], "activated");
    assert_eq!(activation(&setup).await, (json!("activated"), json!(0), false));
    let fixture = Fixture::new(setup, 1).await;
    wait_for_state(&fixture, "degraded").await;
    wait_for_state(&fixture, "activated").await;
}

#[tokio::test]
async fn a_blocked_iq_gets_no_commands_until_a_forced_probe_succeeds() {
    let fixture = Fixture::new(Setup::new().await, 1).await;
    let setup = &fixture.setup;
    let blocked = json!({"kind": "status", "status": 403, "error_code": "3102", "message": "otp_blocked", "call": "pin", "times": 1});
    setup.simulator.add_fault(blocked).await;
    let output = iq(setup, "probe", &[]).await;
    assert_eq!((output.status, &output.rows[0]["answer"]), (Some(1), &json!("otp_blocked")));
    assert!(output.rows[0]["blocked_until"].is_string(), "{output:?}");
    wait_for_state(&fixture, "blocked").await;
    assert_eq!(fixture.open("R-1", BOOKING).await.text("reason"), "otp_blocked");

    let before = proofs(setup).await;
    for (command, more) in [("probe", &[][..]), ("set-pin", &["--yes", "--pin-file"][..])] {
        let pin = file(setup, "pin", "1111");
        let mut more = more.to_vec();
        more.extend((command == "set-pin").then_some(pin.as_str()));
        iq(setup, command, &more).await.assert_failed("no command is sent to it until");
    }
    assert_eq!(proofs(setup).await, before, "nothing was sent");
    assert_eq!(listed(setup, IQ_GROUND_FLOOR).await["setting_pin"], false, "nor begun");

    iq(setup, "probe", &["--force"]).await.assert_done();
    assert_eq!(activation(setup).await, (json!("activated"), json!(0), false));
    wait_for_state(&fixture, "activated").await;
    assert_eq!(fixture.open("R-2", BOOKING).await.kind, "lock.opened.v1");
}

#[tokio::test]
async fn an_offline_iq_does_not_prove_its_secret() {
    let setup = Setup::new().await;
    change_iq(&setup, json!({"online": false})).await;
    let output = iq(&setup, "probe", &[]).await;
    assert_eq!((output.status, &output.rows[0]["answer"]), (Some(1), &json!("iq_offline")));
    assert_eq!(activation(&setup).await, (json!("activated"), json!(0), false));
}

#[tokio::test]
async fn concurrent_probes_do_not_exceed_the_limit() {
    let setup = Setup::new().await;
    setup.simulator.change_settings(json!({"otp_failures": 3})).await;
    change_iq(&setup, json!({"secret": "RotatedByAnApp01"})).await;
    let before = proofs(&setup).await;
    tokio::join!(
        iq(&setup, "probe", &[]),
        iq(&setup, "probe", &[]),
        iq(&setup, "probe", &[]),
        iq(&setup, "probe", &[]),
    );
    assert_eq!(proofs(&setup).await - before, 2);
    assert_eq!(activation(&setup).await, (json!("activated"), json!(2), false));
}
