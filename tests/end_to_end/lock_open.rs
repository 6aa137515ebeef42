//! `postern lock open`: an operator opens a door once, through the guards of a guest's command, with an audit line.

use crate::operator::{JsonOutput, change_iq, iq, listed, postern};
use end_to_end::inbound::INTEGRATION;
use end_to_end::setup::Setup;
use end_to_end::simulator::{FRONT_DOOR, IQ_GROUND_FLOOR, ROOM_12};
use serde_json::{Value, json};

const REASON: &str = "proof after set-pin";

async fn open(setup: &Setup, lock: &str, more: &[&str]) -> JsonOutput {
    let command = ["lock", "open", lock, "--integration", INTEGRATION, "--reason", REASON];
    postern(setup, &[&command[..], more].concat()).await
}

async fn audit(setup: &Setup) -> Vec<Value> {
    postern(setup, &["audit"]).await.assert_done().rows
}

async fn commands(setup: &Setup) -> usize {
    setup.simulator.commands().await.len()
}

#[tokio::test]
async fn a_door_is_opened_once_by_id_or_name_and_the_audit_names_the_operator() {
    let setup = Setup::new().await;
    let asked = open(&setup, ROOM_12, &[]).await;
    assert_eq!((asked.status, asked.stderr.contains("--yes")), (Some(2), true), "{asked:?}");
    assert_eq!(commands(&setup).await, 0, "not without a confirmation");
    for (lock, id, name, openings) in
        [(ROOM_12, ROOM_12, "room-12", 1), ("front door", FRONT_DOOR, "front door", 2)]
    {
        let opened = open(&setup, lock, &["--yes"]).await.assert_done();
        assert_eq!(
            (&opened.rows[0]["outcome"], &opened.rows[0]["lock_id"]),
            (&json!("opened"), &json!(id))
        );
        assert_eq!(opened.rows[0]["lock_name"], name);
        assert_eq!(setup.simulator.openings().await.len(), openings);
        let line = audit(&setup).await.pop().expect("a line");
        assert_eq!((&line["outcome"], &line["lock_id"]), (&json!("opened"), &json!(id)));
        assert_eq!(
            (&line["operator_reason"], &line["iq_id"]),
            (&json!(REASON), &json!(IQ_GROUND_FLOOR))
        );
        assert!(line["operator"].as_str().is_some_and(|operator| !operator.is_empty()), "{line}");
        assert_eq!(line.get("booking_id"), None);
    }
    let typed =
        ["lock", "open", ROOM_12, "--integration", INTEGRATION, "--reason", "x\ny", "--yes"];
    assert_eq!(setup.postern(&typed).await.status.code(), Some(2), "a reason is one line");
}

#[tokio::test]
async fn a_lock_that_cannot_be_opened_is_named_and_nothing_is_sent() {
    let mut setup = Setup::new().await;
    open(&setup, "no such door", &["--yes"])
        .await
        .assert_failed("no lock of the site is named \"no such door\"");
    iq(&setup, "forget", &["--yes"]).await.assert_done();
    open(&setup, ROOM_12, &["--yes"]).await.assert_failed("postern iq activate");
    setup.settings.set_integration("active", false);
    open(&setup, ROOM_12, &["--yes"]).await.assert_failed("switched off");
    setup.settings.set_integration("active", true);
    setup.settings.set_integration("mode", "rehearse");
    open(&setup, ROOM_12, &["--yes"]).await.assert_failed("opens no door");
    assert_eq!(commands(&setup).await, 0);
    assert_eq!(audit(&setup).await, Vec::<Value>::new());
}

#[tokio::test]
async fn the_guards_of_a_guests_command_apply() {
    let setup = Setup::new().await;
    setup.simulator.change_settings(json!({"otp_failures": 100})).await;
    change_iq(&setup, json!({"secret": "RotatedByAnApp01"})).await;
    for rejected in 1..=2 {
        let failed = open(&setup, ROOM_12, &["--yes"]).await;
        assert_eq!(
            (failed.status, &failed.rows[0]["outcome"]),
            (Some(1), &json!("failed")),
            "{failed:?}"
        );
        assert_eq!(listed(&setup, IQ_GROUND_FLOOR).await["rejected_in_a_row"], rejected);
    }
    assert_eq!(commands(&setup).await, 2, "one command each");
    let line = audit(&setup).await.pop().expect("a line");
    assert_eq!((&line["outcome"], &line["reason"]), (&json!("failed"), &json!("otp_invalid")));
    open(&setup, ROOM_12, &["--yes"]).await.assert_failed("one more could block the user");
    assert_eq!(commands(&setup).await, 2);
    change_iq(&setup, json!({"secret": "GroundFloorIq001"})).await;
    open(&setup, ROOM_12, &["--yes", "--force"]).await.assert_done();
    assert_eq!(
        listed(&setup, IQ_GROUND_FLOOR).await["rejected_in_a_row"],
        0,
        "the opening proves it"
    );

    let pause = json!({"kind": "rate_limit", "retry_after": 900, "call": "open", "times": 1});
    setup.simulator.add_fault(pause).await;
    assert_eq!(open(&setup, ROOM_12, &["--yes"]).await.status, Some(1));
    open(&setup, ROOM_12, &["--yes"]).await.assert_failed("has asked for a pause");
    assert_eq!(commands(&setup).await, 4);
}

#[tokio::test]
async fn a_command_without_an_answer_is_not_repeated() {
    let setup = Setup::new().await;
    setup
        .simulator
        .add_fault(json!({"kind": "opened_then_dropped", "call": "open", "times": 1}))
        .await;
    let output = open(&setup, ROOM_12, &["--yes"]).await;
    assert_eq!(
        (output.status, &output.rows[0]["outcome"]),
        (Some(1), &json!("unknown")),
        "{output:?}"
    );
    assert_eq!(commands(&setup).await, 1);
    assert_eq!(audit(&setup).await.pop().expect("a line")["reason"], "outcome_unknown");
}
