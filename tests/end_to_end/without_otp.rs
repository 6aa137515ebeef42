//! An IQ at which Salto has switched one-time passwords off: it is opened without one, and needs no activation.

use crate::operator::{change_iq, iq, listed, postern};
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::INTEGRATION;
use end_to_end::setup::Setup;
use end_to_end::simulator::{IQ_GROUND_FLOOR, ROOM_12};
use serde_json::{Value, json};

#[tokio::test]
async fn its_doors_open_without_otp_and_activation() {
    let setup = Setup::unactivated().await;
    change_iq(&setup, json!({"otp_enabled": false})).await;
    let row = listed(&setup, IQ_GROUND_FLOOR).await;
    assert_eq!((&row["state"], &row["next"]), (&json!("not_activated"), &Value::Null));
    let mapping = postern(&setup, &["mapping", "check"]).await;
    assert!(mapping.rows.iter().all(|row| row["iq_id"] != IQ_GROUND_FLOOR), "{mapping:?}");
    iq(&setup, "activate", &[]).await.assert_done();
    let command =
        ["lock", "open", ROOM_12, "--integration", INTEGRATION, "--reason", "test", "--yes"];
    postern(&setup, &command).await.assert_done();

    let fixture = Fixture::new(setup, 1).await;
    assert_eq!(fixture.open("R-1", BOOKING).await.kind, "lock.opened.v1");
    let calls = fixture.setup.simulator.counters().await["calls"].clone();
    assert_eq!((calls.get("secret"), calls.get("pin")), (None, None), "{calls}");
}

#[tokio::test]
async fn one_that_wants_otps_again_is_noticed_and_no_rejection_is_counted() {
    let setup = Setup::new().await;
    change_iq(&setup, json!({"otp_enabled": false})).await;
    let fixture = Fixture::new(setup, 1).await;
    assert_eq!(fixture.open("R-1", BOOKING).await.kind, "lock.opened.v1");
    change_iq(&fixture.setup, json!({"otp_enabled": true})).await;
    let failed = fixture.open("R-2", BOOKING).await;
    assert_eq!((failed.text("reason"), &failed.data["attempts"]), ("otp_invalid", &json!(1)));
    assert_eq!(listed(&fixture.setup, IQ_GROUND_FLOOR).await["rejected_in_a_row"], 0);
    // The next command has one.
    assert_eq!(fixture.open("R-3", BOOKING).await.kind, "lock.opened.v1");
}
