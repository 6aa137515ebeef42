//! `postern iq adopt` and `iq forget`: activations that come from elsewhere, and go.

use crate::operator::{Said, change_iq, file, iq, listed, postern, proofs};
use end_to_end::inbound::INTEGRATION;
use end_to_end::scene::{BOOKING, Scene};
use end_to_end::simulator::{IQ_FIRST_FLOOR, IQ_GROUND_FLOOR};
use end_to_end::world::World;
use serde_json::{Value, json};

const SECRET: &str = "GroundFloorIq001";

async fn adopt(world: &World, (secret, pin): (&str, &str), more: &[&str]) -> Said {
    let (secret, pin) = (file(world, "secret", secret), file(world, "pin", pin));
    let files = ["--secret-file", &secret, "--pin-file", &pin];
    iq(world, "adopt", &[&files[..], more].concat()).await
}

async fn activated_elsewhere() -> World {
    let world = World::unactivated().await;
    change_iq(&world, json!({"activated_for": ["system-user@acme.example"]})).await;
    world
}

#[tokio::test]
async fn a_secret_from_elsewhere_is_proven_stored_and_opens() {
    let world = activated_elsewhere().await;
    let pin = file(&world, "pin", "6596");
    let said = iq(&world, "activate", &["--pin-file", &pin]).await.failed("already activated");
    for way in ["1.", "iq adopt", "2.", "reset", "3.", "another system user"] {
        assert!(said.words.contains(way), "{way} in {said:?}");
    }
    let row = listed(&world, IQ_GROUND_FLOOR).await;
    assert_eq!(
        (&row["state"], &row["activated_at_salto"]),
        (&json!("not_activated"), &json!(true))
    );
    assert!(row["next"].as_str().is_some_and(|next| next.contains("iq adopt")), "{row}");

    let said = adopt(&world, (SECRET, "6596"), &[]).await.done();
    assert_eq!(said.rows[0]["state"], "activated");
    assert!(!format!("{said:?}").contains(SECRET), "{said:?}");
    let scene = Scene::new(world, 1).await;
    assert_eq!(scene.open("R-1", BOOKING).await.kind, "lock.opened.v1");
}

#[tokio::test]
async fn what_salto_does_not_accept_is_not_stored_and_counts() {
    let world = activated_elsewhere().await;
    for rejected in 1..=2 {
        let said = adopt(&world, (SECRET, "1111"), &[]).await.failed("nothing was stored");
        assert!(!format!("{said:?}").contains(SECRET), "{said:?}");
        let row = listed(&world, IQ_GROUND_FLOOR).await;
        assert_eq!(
            (&row["state"], &row["rejected_in_a_row"]),
            (&json!("not_activated"), &json!(rejected))
        );
    }
    let before = proofs(&world).await;
    adopt(&world, (SECRET, "6596"), &[]).await.failed("could block the user");
    for (secret, pin) in [(SECRET, "65 96"), ("with a space", "6596"), (SECRET, "")] {
        assert_eq!(adopt(&world, (secret, pin), &[]).await.status, Some(1));
    }
    assert_eq!(proofs(&world).await, before, "nothing was sent");
    adopt(&world, (SECRET, "6596"), &["--force"]).await.done();
    let row = listed(&world, IQ_GROUND_FLOOR).await;
    assert_eq!((&row["state"], &row["rejected_in_a_row"]), (&json!("activated"), &json!(0)));
}

#[tokio::test]
async fn an_activation_that_works_is_not_overwritten() {
    let world = World::new().await;
    let before = proofs(&world).await;
    adopt(&world, (SECRET, "6596"), &[]).await.failed("--force");
    assert_eq!(proofs(&world).await, before, "nothing was sent");
    // Forced, and wrong: what is stored stays, and is not blamed.
    adopt(&world, ("another-secret-1", "6596"), &["--force"]).await.failed("nothing was stored");
    iq(&world, "probe", &[]).await.done();
    adopt(&world, (SECRET, "6596"), &["--force"]).await.done();
    // Secret, then PIN, a line each.
    let adopt = ["iq", "adopt", "--force", "--integration", INTEGRATION, "--iq", IQ_GROUND_FLOOR];
    let typed = world.postern_with_input(&adopt, &format!("{SECRET}\n6596\n")).await;
    assert!(typed.status.success(), "{}", String::from_utf8_lossy(&typed.stderr));
}

#[tokio::test]
async fn what_is_forgotten_is_gone_here_and_stays_at_salto() {
    let world = World::new().await;
    let said = iq(&world, "forget", &[]).await;
    assert_eq!((said.status, said.words.contains("--yes")), (Some(2), true), "{said:?}");
    assert_eq!(listed(&world, IQ_GROUND_FLOOR).await["state"], "activated");

    let said = iq(&world, "forget", &["--yes"]).await.done();
    assert_eq!(said.rows[0]["state"], "not_activated");
    assert!(said.words.contains("only once"), "{said:?}");
    let row = listed(&world, IQ_GROUND_FLOOR).await;
    assert_eq!(
        (&row["state"], &row["activated_at_salto"]),
        (&json!("not_activated"), &json!(true))
    );
    iq(&world, "forget", &["--yes"]).await.failed("nothing is stored");

    let pin = file(&world, "pin", "6596");
    iq(&world, "activate", &["--pin-file", &pin]).await.failed("already activated");
    let scene = Scene::new(world, 1).await;
    assert_eq!(scene.open("R-1", BOOKING).await.text("reason"), "iq_not_activated");
}

#[tokio::test]
async fn an_iq_that_the_site_has_no_longer_is_shown_and_can_be_forgotten() {
    let mut world = World::new().await;
    world.simulator.vanish().await;
    let file = world.directory().join("world.json");
    let salto = std::fs::read(&file).expect("it was written");
    let mut salto: Value = serde_json::from_slice(&salto).expect("JSON");
    for things in ["iqs", "locks"] {
        let things = salto["sites"][0][things].as_array_mut().expect("an array");
        things.retain(|it| it["id"] != IQ_GROUND_FLOOR && it["iq_id"] != IQ_GROUND_FLOOR);
    }
    std::fs::write(&file, salto.to_string()).expect("the world is written");
    world.simulator.come_back().await;

    let list = ["iq", "list", "--integration", INTEGRATION];
    let rows = postern(&world, &list).await.done().rows;
    let row = rows.iter().find(|row| row["id"] == IQ_GROUND_FLOOR).expect("it is shown");
    assert_eq!((&row["at_salto"], &row["state"]), (&json!(false), &json!("activated")));
    assert!(row["next"].as_str().is_some_and(|next| next.contains("iq forget")), "{row}");
    assert!(
        rows.iter().any(|row| row["id"] == IQ_FIRST_FLOOR && row["at_salto"] == true),
        "{rows:?}"
    );
    iq(&world, "forget", &["--yes"]).await.done();
    let rows = postern(&world, &list).await.done().rows;
    assert!(rows.iter().all(|row| row["id"] != IQ_GROUND_FLOOR), "{rows:?}");
}
