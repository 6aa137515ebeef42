//! `postern iq probe`: looks, counts, heals, and does not block the user.

use crate::operator::{change_iq, file, iq, listed, proofs};
use end_to_end::deadline::{SOON, until_true};
use end_to_end::scene::{BOOKING, Scene};
use end_to_end::simulator::IQ_GROUND_FLOOR;
use end_to_end::world::World;
use serde_json::{Value, json};

/// The states that the booking system has been told of.
async fn told_of(scene: &Scene, state: &str) {
    until_true(&format!("attention: {state}"), SOON, || async {
        let events = scene.outbox.events();
        let mut about = events.iter().filter(|event| event.kind == "iq.attention.v1");
        about.any(|event| event.text("state") == state)
    })
    .await;
}

async fn standing(world: &World) -> (Value, Value, bool) {
    let row = listed(world, IQ_GROUND_FLOOR).await;
    (row["state"].clone(), row["rejected_in_a_row"].clone(), row["blocked_until"].is_string())
}

#[tokio::test]
async fn rejections_are_counted_and_it_stops_before_the_user_is_blocked() {
    let world = World::new().await;
    let said = iq(&world, "probe", &[]).await.done();
    assert_eq!(
        (&said.rows[0]["accepted"], &said.rows[0]["answer"]),
        (&json!(true), &json!("accepted"))
    );
    assert!(world.simulator.openings().await.is_empty(), "no door was touched");

    change_iq(&world, json!({"secret": "RotatedByAnApp01"})).await;
    for count in 1..=2 {
        let said = iq(&world, "probe", &[]).await;
        assert_eq!(said.status, Some(1), "{said:?}");
        let row = &said.rows[0];
        assert_eq!(
            (&row["answer"], &row["rejected_in_a_row"]),
            (&json!("otp_invalid"), &json!(count))
        );
        assert!(row["meaning"].as_str().is_some_and(|text| text.contains("Salto's app")), "{row}");
    }
    let before = proofs(&world).await;
    iq(&world, "probe", &[]).await.failed("one more could block the user");
    assert_eq!(proofs(&world).await, before, "nothing was sent");
    assert_eq!(standing(&world).await, (json!("activated"), json!(2), false));

    let said = iq(&world, "probe", &["--force"]).await;
    assert_eq!((said.status, &said.rows[0]["state"]), (Some(1), &json!("degraded")));

    change_iq(&world, json!({"secret": "GroundFloorIq001"})).await;
    let said = iq(&world, "probe", &["--force"]).await.done();
    assert_eq!(said.rows[0]["state"], "activated");
    assert_eq!(standing(&world).await, (json!("activated"), json!(0), false));
    let scene = Scene::new(world, 1).await;
    told_of(&scene, "degraded").await;
    told_of(&scene, "activated").await;
}

#[tokio::test]
async fn a_blocked_iq_is_left_alone_until_a_forced_probe_finds_it_well() {
    let scene = Scene::new(World::new().await, 1).await;
    let world = &scene.world;
    let blocked = json!({"kind": "status", "status": 403, "error_code": "3102", "message": "otp_blocked", "call": "pin", "times": 1});
    world.simulator.fault(blocked).await;
    let said = iq(world, "probe", &[]).await;
    assert_eq!((said.status, &said.rows[0]["answer"]), (Some(1), &json!("otp_blocked")));
    assert!(said.rows[0]["blocked_until"].is_string(), "{said:?}");
    told_of(&scene, "blocked").await;
    assert_eq!(scene.open("R-1", BOOKING).await.text("reason"), "otp_blocked");

    let before = proofs(world).await;
    for (command, more) in [("probe", &[][..]), ("set-pin", &["--yes", "--pin-file"][..])] {
        let pin = file(world, "pin", "1111");
        let mut more = more.to_vec();
        more.extend((command == "set-pin").then_some(pin.as_str()));
        iq(world, command, &more).await.failed("no command is sent to it until");
    }
    assert_eq!(proofs(world).await, before, "nothing was sent");
    assert_eq!(listed(world, IQ_GROUND_FLOOR).await["setting_pin"], false, "nor begun");

    iq(world, "probe", &["--force"]).await.done();
    assert_eq!(standing(world).await, (json!("activated"), json!(0), false));
    told_of(&scene, "activated").await;
    assert_eq!(scene.open("R-2", BOOKING).await.kind, "lock.opened.v1");
}

#[tokio::test]
async fn an_offline_iq_says_nothing_of_its_secret() {
    let world = World::new().await;
    change_iq(&world, json!({"online": false})).await;
    let said = iq(&world, "probe", &[]).await;
    assert_eq!((said.status, &said.rows[0]["answer"]), (Some(1), &json!("iq_offline")));
    assert_eq!(standing(&world).await, (json!("activated"), json!(0), false));
}

#[tokio::test]
async fn of_probes_at_once_none_is_one_too_many() {
    let world = World::new().await;
    world.simulator.change_settings(json!({"otp_failures": 3})).await;
    change_iq(&world, json!({"secret": "RotatedByAnApp01"})).await;
    let before = proofs(&world).await;
    tokio::join!(
        iq(&world, "probe", &[]),
        iq(&world, "probe", &[]),
        iq(&world, "probe", &[]),
        iq(&world, "probe", &[]),
    );
    assert_eq!(proofs(&world).await - before, 2);
    assert_eq!(standing(&world).await, (json!("activated"), json!(2), false));
}
