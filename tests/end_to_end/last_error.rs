//! `postern iq list` shows what went wrong at an IQ last, whoever met it.

use crate::operator::{change_iq, iq, listed};
use end_to_end::deadline::{SOON, until_true};
use end_to_end::inbound::{open_request, time};
use end_to_end::scene::{BOOKING, Scene};
use end_to_end::simulator::IQ_GROUND_FLOOR;
use end_to_end::world::World;
use serde_json::{Value, json};

async fn shows(world: &World, reason: Value) {
    until_true(&format!("last error: {reason}"), SOON, || async {
        listed(world, IQ_GROUND_FLOOR).await["last_error"]["reason"] == reason
    })
    .await;
}

#[tokio::test]
async fn of_a_workers_command_and_of_a_persons_probe_until_the_iq_is_forgotten() {
    let scene = Scene::new(World::new().await, 1).await;
    let world = &scene.world;
    assert_eq!(scene.open("fine", BOOKING).await.kind, "lock.opened.v1");
    assert_eq!(listed(world, IQ_GROUND_FLOOR).await["last_error"], json!(null));

    change_iq(world, json!({"online": false})).await;
    let mut request = open_request("offline", BOOKING);
    request["data"]["expires_at"] = time(2).into();
    assert_eq!(scene.ask(&request).await.text("reason"), "iq_offline");
    shows(world, json!("iq_offline")).await;
    let error = listed(world, IQ_GROUND_FLOOR).await["last_error"].clone();
    assert!(error["at"].is_string() && error["detail"].is_string(), "{error}");

    change_iq(world, json!({"online": true})).await;
    assert_eq!(scene.open("fine again", BOOKING).await.kind, "lock.opened.v1");
    shows(world, json!("iq_offline")).await;

    change_iq(world, json!({"secret": "RotatedByAnApp01"})).await;
    assert_eq!(iq(world, "probe", &[]).await.status, Some(1));
    shows(world, json!("otp_invalid")).await;

    iq(world, "forget", &["--yes"]).await.done();
    assert_eq!(listed(world, IQ_GROUND_FLOOR).await["last_error"], json!(null));
}
