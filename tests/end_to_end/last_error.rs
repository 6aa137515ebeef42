//! `postern iq list` shows the last error at an IQ, of any worker or command.

use crate::operator::{change_iq, iq, listed};
use end_to_end::deadline::{SOON, until_true};
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::{open_request, time};
use end_to_end::setup::Setup;
use end_to_end::simulator::IQ_GROUND_FLOOR;
use serde_json::{Value, json};

async fn assert_last_error(setup: &Setup, reason: Value) {
    until_true(&format!("last error: {reason}"), SOON, || async {
        listed(setup, IQ_GROUND_FLOOR).await["last_error"]["reason"] == reason
    })
    .await;
}

#[tokio::test]
async fn the_last_error_of_a_command_or_probe_is_shown_until_the_iq_is_forgotten() {
    let fixture = Fixture::new(Setup::new().await, 1).await;
    let setup = &fixture.setup;
    assert_eq!(fixture.open("fine", BOOKING).await.kind, "lock.opened.v1");
    assert_eq!(listed(setup, IQ_GROUND_FLOOR).await["last_error"], json!(null));

    change_iq(setup, json!({"online": false})).await;
    let mut request = open_request("offline", BOOKING);
    request["data"]["expires_at"] = time(2).into();
    assert_eq!(fixture.answer_to(&request).await.text("reason"), "iq_offline");
    assert_last_error(setup, json!("iq_offline")).await;
    let error = listed(setup, IQ_GROUND_FLOOR).await["last_error"].clone();
    assert!(error["at"].is_string() && error["detail"].is_string(), "{error}");

    change_iq(setup, json!({"online": true})).await;
    assert_eq!(fixture.open("fine again", BOOKING).await.kind, "lock.opened.v1");
    assert_last_error(setup, json!("iq_offline")).await;

    change_iq(setup, json!({"secret": "RotatedByAnApp01"})).await;
    assert_eq!(iq(setup, "probe", &[]).await.status, Some(1));
    assert_last_error(setup, json!("otp_invalid")).await;

    iq(setup, "forget", &["--yes"]).await.assert_done();
    assert_eq!(listed(setup, IQ_GROUND_FLOOR).await["last_error"], json!(null));
}
