//! `postern iq set-pin`: after every interruption the valid PIN is known at the end.

use crate::operator::{
    change_iq, file, hold_proof, iq, iq_in_background, kill_at, listed, proofs, real_pin,
};
use end_to_end::deadline::SOON;
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::setup::Setup;
use end_to_end::simulator::IQ_GROUND_FLOOR;
use serde_json::json;

/// `set-pin` with the new PIN in a file.
async fn set_pin(setup: &Setup, pin: &str) -> crate::operator::JsonOutput {
    let file = file(setup, "new-pin", pin);
    iq(setup, "set-pin", &["--yes", "--pin-file", &file]).await
}

/// Starts `set-pin` and kills it at the proof after `before` others, which has or has not taken effect.
async fn kill_set_pin(setup: &Setup, before: u64, carried_out: bool, more: &[&str]) {
    let count = proofs(setup).await + before + 1;
    hold_proof(setup, before, carried_out).await;
    let command = iq_in_background(setup, "killed", "set-pin", &[&["--yes"], more].concat());
    kill_at(setup, &command, count).await;
}

#[tokio::test]
async fn a_new_pin_is_set_and_proven_and_opens_doors() {
    let setup = Setup::new().await;
    let output = set_pin(&setup, "0601").await.assert_done();
    assert_eq!(
        (&output.rows[0]["changed"], &output.rows[0]["state"]),
        (&json!(true), &json!("activated"))
    );
    assert!(
        output.stderr.contains("Salto's cloud and the IQ have been seen to disagree"),
        "{output:?}"
    );
    assert!(!format!("{output:?}").contains("0601"), "{output:?}");
    assert_eq!(real_pin(&setup).await, "0601");
    let row = listed(&setup, IQ_GROUND_FLOOR).await;
    assert_eq!((&row["state"], &row["setting_pin"]), (&json!("activated"), &json!(false)));

    let before = proofs(&setup).await;
    let output = set_pin(&setup, "0601").await.assert_done();
    assert_eq!((&output.rows[0]["changed"], proofs(&setup).await), (&json!(false), before));
    for (pin, why) in [("061", "four digits"), ("06o1", "four digits")] {
        set_pin(&setup, pin).await.assert_failed(why);
    }
    assert_eq!(proofs(&setup).await, before, "nothing was sent");
    let output = iq(&setup, "set-pin", &["--pin-file", &file(&setup, "new-pin", "1111")]).await;
    assert_eq!((output.status, output.stderr.contains("--yes")), (Some(2), true), "{output:?}");

    let fixture = Fixture::new(setup, 1).await;
    assert_eq!(fixture.open("R-1", BOOKING).await.kind, "lock.opened.v1");
}

#[tokio::test]
async fn a_command_killed_before_salto_received_the_new_pin_can_be_continued() {
    let setup = Setup::new().await;
    let pin = file(&setup, "new-pin", "0601");
    kill_set_pin(&setup, 0, false, &["--pin-file", &pin]).await;
    assert_eq!(real_pin(&setup).await, "6596");
    let row = listed(&setup, IQ_GROUND_FLOOR).await;
    assert_eq!((&row["state"], &row["setting_pin"]), (&json!("activated"), &json!(true)));
    assert!(row["next"].as_str().is_some_and(|next| next.contains("set-pin")), "{row}");
    iq(&setup, "probe", &[]).await.assert_failed("set-pin");

    // The old PIN is valid; finding that out costs a rejected password, and the PIN is not asked for again.
    let output = iq(&setup, "set-pin", &["--yes"]).await.assert_done();
    assert_eq!(output.rows[0]["changed"], true);
    assert_eq!(real_pin(&setup).await, "0601");
    let row = listed(&setup, IQ_GROUND_FLOOR).await;
    assert_eq!((&row["setting_pin"], &row["rejected_in_a_row"]), (&json!(false), &json!(0)));
}

#[tokio::test]
async fn a_command_killed_after_salto_changed_the_pin_can_be_continued() {
    let setup = Setup::new().await;
    let pin = file(&setup, "new-pin", "0601");
    kill_set_pin(&setup, 0, true, &["--pin-file", &pin]).await;
    assert_eq!(real_pin(&setup).await, "0601");
    // Killed again while it finds that out.
    kill_set_pin(&setup, 0, true, &[]).await;
    let output = iq(&setup, "set-pin", &["--yes"]).await.assert_done();
    assert_eq!(output.rows[0]["changed"], false, "it was moved before: {output:?}");
    iq(&setup, "probe", &[]).await.assert_done();
    let fixture = Fixture::new(setup, 1).await;
    assert_eq!(fixture.open("R-1", BOOKING).await.kind, "lock.opened.v1");
}

#[tokio::test]
async fn a_command_killed_between_the_change_and_its_proof_can_be_continued() {
    let setup = Setup::new().await;
    let pin = file(&setup, "new-pin", "0601");
    kill_set_pin(&setup, 1, false, &["--pin-file", &pin]).await;
    assert_eq!(real_pin(&setup).await, "0601");
    assert_eq!(listed(&setup, IQ_GROUND_FLOOR).await["setting_pin"], true);
    iq(&setup, "set-pin", &["--yes"]).await.assert_done();
    assert_eq!(listed(&setup, IQ_GROUND_FLOOR).await["setting_pin"], false);
}

#[tokio::test]
async fn an_answer_that_is_lost_leaves_both_pins() {
    let setup = Setup::new().await;
    let lost = json!({"kind": "reset", "carried_out": true, "call": "pin", "times": 1});
    setup.simulator.add_fault(lost).await;
    set_pin(&setup, "0601").await.assert_failed("both PINs are kept");
    iq(&setup, "set-pin", &["--yes"]).await.assert_done();
    iq(&setup, "probe", &[]).await.assert_done();
}

#[tokio::test]
async fn if_cloud_and_iq_disagree_the_valid_pin_is_kept() {
    let setup = Setup::new().await;
    // The cloud accepts the PIN, but the IQ keeps the old one.
    let yes = json!({"kind": "status", "status": 204, "call": "pin", "times": 1});
    setup.simulator.add_fault(yes).await;
    set_pin(&setup, "0601").await.assert_failed("accepts the old one and not the new one");
    let row = listed(&setup, IQ_GROUND_FLOOR).await;
    assert_eq!((&row["state"], &row["setting_pin"]), (&json!("activated"), &json!(false)));
    assert_eq!(row["rejected_in_a_row"], 0, "{row}");
    let fixture = Fixture::new(setup, 1).await;
    assert_eq!(fixture.open("R-1", BOOKING).await.kind, "lock.opened.v1");
}

#[tokio::test]
async fn an_invalid_stored_pin_changes_nothing_and_the_rejection_is_counted() {
    let setup = Setup::new().await;
    change_iq(&setup, json!({"pin": "1234"})).await;
    for rejected in 1..=2 {
        set_pin(&setup, "0601").await.assert_failed("the PIN was not changed");
        let row = listed(&setup, IQ_GROUND_FLOOR).await;
        assert_eq!(
            (&row["rejected_in_a_row"], &row["setting_pin"]),
            (&json!(rejected), &json!(false))
        );
    }
    let before = proofs(&setup).await;
    set_pin(&setup, "0601").await.assert_failed("could block the user");
    assert_eq!(proofs(&setup).await, before, "nothing was sent");
}

#[tokio::test]
async fn of_two_operators_one_succeeds_and_the_other_gets_an_error() {
    let setup = Setup::new().await;
    let [one, other] = ["1111", "2222"].map(|pin| file(&setup, pin, pin));
    let one = ["--yes", "--pin-file", &one];
    let other = ["--yes", "--pin-file", &other];
    let (one, other) = tokio::join!(iq(&setup, "set-pin", &one), iq(&setup, "set-pin", &other));
    let pin = real_pin(&setup).await;
    match (one.status, other.status) {
        // The two commands did not run at the same time.
        (Some(0), Some(0)) => assert!(pin == "1111" || pin == "2222", "{pin}"),
        (Some(0), _) => {
            other.assert_failed("another command changed");
            assert_eq!(pin, "1111");
        }
        (_, _) => {
            one.assert_failed("another command changed");
            other.assert_done();
            assert_eq!(pin, "2222");
        }
    }
    iq(&setup, "probe", &[]).await.assert_done();
}

#[tokio::test]
async fn a_second_operator_waits_for_the_first_and_gets_an_error() {
    let setup = Setup::new().await;
    let count = proofs(&setup).await + 1;
    let held = json!({"kind": "delay", "delay_ms": 3000, "call": "pin", "times": 1});
    setup.simulator.add_fault(held).await;
    let pin = file(&setup, "first", "1111");
    let first = iq_in_background(&setup, "first", "set-pin", &["--yes", "--pin-file", &pin]);
    end_to_end::deadline::until_true("the first one's move", SOON, || async {
        proofs(&setup).await >= count
    })
    .await;
    let pin = file(&setup, "second", "2222");
    let second = iq(&setup, "set-pin", &["--yes", "--pin-file", &pin]).await;
    second.assert_failed("another command changed");
    assert!(first.ended(SOON).await.success(), "{}", first.log());
    assert_eq!(real_pin(&setup).await, "1111");
}

#[tokio::test]
async fn an_iq_that_is_not_activated_has_no_pin_to_set() {
    let setup = Setup::unactivated().await;
    set_pin(&setup, "0601").await.assert_failed("iq activate");
    assert_eq!(proofs(&setup).await, 0);
}
