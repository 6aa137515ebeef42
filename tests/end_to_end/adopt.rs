//! `postern iq adopt` and `iq forget`: activations of another program are taken over, and activations are deleted.

use crate::operator::{JsonOutput, change_iq, file, iq, listed, postern, proofs};
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::INTEGRATION;
use end_to_end::setup::Setup;
use end_to_end::simulator::{IQ_FIRST_FLOOR, IQ_GROUND_FLOOR};
use serde_json::{Value, json};

const SECRET: &str = "GroundFloorIq001";

async fn adopt(setup: &Setup, secret: &str, pin: &str, more: &[&str]) -> JsonOutput {
    let (secret, pin) = (file(setup, "secret", secret), file(setup, "pin", pin));
    let files = ["--secret-file", &secret, "--pin-file", &pin];
    iq(setup, "adopt", &[&files[..], more].concat()).await
}

async fn activated_elsewhere() -> Setup {
    let setup = Setup::unactivated().await;
    change_iq(&setup, json!({"activated_for": ["system-user@acme.example"]})).await;
    setup
}

#[tokio::test]
async fn a_secret_of_another_program_is_proven_and_stored_and_opens_doors() {
    let setup = activated_elsewhere().await;
    let pin = file(&setup, "pin", "6596");
    let output =
        iq(&setup, "activate", &["--pin-file", &pin]).await.assert_failed("already activated");
    for way in ["1.", "iq adopt", "2.", "reset", "3.", "another system user"] {
        assert!(output.stderr.contains(way), "{way} in {output:?}");
    }
    let row = listed(&setup, IQ_GROUND_FLOOR).await;
    assert_eq!(
        (&row["state"], &row["activated_at_salto"]),
        (&json!("not_activated"), &json!(true))
    );
    assert!(row["next"].as_str().is_some_and(|next| next.contains("iq adopt")), "{row}");

    let output = adopt(&setup, SECRET, "6596", &[]).await.assert_done();
    assert_eq!(output.rows[0]["state"], "activated");
    assert!(!format!("{output:?}").contains(SECRET), "{output:?}");
    let fixture = Fixture::new(setup, 1).await;
    assert_eq!(fixture.open("R-1", BOOKING).await.kind, "lock.opened.v1");
}

#[tokio::test]
async fn a_secret_that_salto_rejects_is_not_stored_and_the_rejection_counts() {
    let setup = activated_elsewhere().await;
    for rejected in 1..=2 {
        let output = adopt(&setup, SECRET, "1111", &[]).await.assert_failed("nothing was stored");
        assert!(!format!("{output:?}").contains(SECRET), "{output:?}");
        let row = listed(&setup, IQ_GROUND_FLOOR).await;
        assert_eq!(
            (&row["state"], &row["rejected_in_a_row"]),
            (&json!("not_activated"), &json!(rejected))
        );
    }
    let before = proofs(&setup).await;
    adopt(&setup, SECRET, "6596", &[]).await.assert_failed("could block the user");
    for (secret, pin) in [(SECRET, "65 96"), ("with a space", "6596"), (SECRET, "")] {
        assert_eq!(adopt(&setup, secret, pin, &[]).await.status, Some(1));
    }
    assert_eq!(proofs(&setup).await, before, "nothing was sent");
    adopt(&setup, SECRET, "6596", &["--force"]).await.assert_done();
    let row = listed(&setup, IQ_GROUND_FLOOR).await;
    assert_eq!((&row["state"], &row["rejected_in_a_row"]), (&json!("activated"), &json!(0)));
}

#[tokio::test]
async fn an_activation_that_works_is_not_overwritten() {
    let setup = Setup::new().await;
    let before = proofs(&setup).await;
    adopt(&setup, SECRET, "6596", &[]).await.assert_failed("--force");
    assert_eq!(proofs(&setup).await, before, "nothing was sent");
    // Forced with wrong values: the stored ones stay, and the rejection is not counted against them.
    adopt(&setup, "another-secret-1", "6596", &["--force"])
        .await
        .assert_failed("nothing was stored");
    iq(&setup, "probe", &[]).await.assert_done();
    adopt(&setup, SECRET, "6596", &["--force"]).await.assert_done();
    // The secret, then the PIN, one line each.
    let adopt = ["iq", "adopt", "--force", "--integration", INTEGRATION, "--iq", IQ_GROUND_FLOOR];
    let typed = setup.postern_with_input(&adopt, &format!("{SECRET}\n6596\n")).await;
    assert!(typed.status.success(), "{}", String::from_utf8_lossy(&typed.stderr));
}

#[tokio::test]
async fn a_forgotten_activation_is_deleted_here_and_stays_at_salto() {
    let setup = Setup::new().await;
    let output = iq(&setup, "forget", &[]).await;
    assert_eq!((output.status, output.stderr.contains("--yes")), (Some(2), true), "{output:?}");
    assert_eq!(listed(&setup, IQ_GROUND_FLOOR).await["state"], "activated");

    let output = iq(&setup, "forget", &["--yes"]).await.assert_done();
    assert_eq!(output.rows[0]["state"], "not_activated");
    assert!(output.stderr.contains("only once"), "{output:?}");
    let row = listed(&setup, IQ_GROUND_FLOOR).await;
    assert_eq!(
        (&row["state"], &row["activated_at_salto"]),
        (&json!("not_activated"), &json!(true))
    );
    iq(&setup, "forget", &["--yes"]).await.assert_failed("nothing is stored");

    let pin = file(&setup, "pin", "6596");
    iq(&setup, "activate", &["--pin-file", &pin]).await.assert_failed("already activated");
    let fixture = Fixture::new(setup, 1).await;
    assert_eq!(fixture.open("R-1", BOOKING).await.text("reason"), "iq_not_activated");
}

#[tokio::test]
async fn an_iq_that_the_site_no_longer_has_is_shown_and_can_be_forgotten() {
    let mut setup = Setup::new().await;
    setup.simulator.stop().await;
    let file = setup.directory().join("world.json");
    let salto = std::fs::read(&file).expect("it was written");
    let mut salto: Value = serde_json::from_slice(&salto).expect("JSON");
    for things in ["iqs", "locks"] {
        let things = salto["sites"][0][things].as_array_mut().expect("an array");
        things.retain(|it| it["id"] != IQ_GROUND_FLOOR && it["iq_id"] != IQ_GROUND_FLOOR);
    }
    std::fs::write(&file, salto.to_string()).expect("the world is written");
    setup.simulator.restart().await;

    let list = ["iq", "list", "--integration", INTEGRATION];
    let rows = postern(&setup, &list).await.assert_done().rows;
    let row = rows.iter().find(|row| row["id"] == IQ_GROUND_FLOOR).expect("it is shown");
    assert_eq!((&row["at_salto"], &row["state"]), (&json!(false), &json!("activated")));
    assert!(row["next"].as_str().is_some_and(|next| next.contains("iq forget")), "{row}");
    assert!(
        rows.iter().any(|row| row["id"] == IQ_FIRST_FLOOR && row["at_salto"] == true),
        "{rows:?}"
    );
    iq(&setup, "forget", &["--yes"]).await.assert_done();
    let rows = postern(&setup, &list).await.assert_done().rows;
    assert!(rows.iter().all(|row| row["id"] != IQ_GROUND_FLOOR), "{rows:?}");
}
