//! `site resolve`, `lock list` and `mapping check`: what an operator asks before the first guest stands at a door.

use crate::operator::{change_iq, iq, postern};
use end_to_end::inbound::INTEGRATION;
use end_to_end::simulator::{FRONT_DOOR, IQ_FIRST_FLOOR, ROOM_12};
use end_to_end::world::World;
use serde_json::{Value, json};

const SITE: &str = "0f6f1a52-6d4c-4f6e-9d0c-6254340082aa";

/// The findings of `mapping check` by kind, and whether it failed.
async fn check(world: &World) -> (bool, Vec<Value>) {
    let said = postern(world, &["mapping", "check"]).await;
    assert!(matches!(said.status, Some(0 | 1)), "{said:?}");
    assert!(said.rows.iter().all(|row| row["next"].as_str().is_some_and(|next| !next.is_empty())));
    (said.status == Some(1), said.rows)
}

fn kinds(findings: &[Value]) -> Vec<&str> {
    findings.iter().map(|finding| finding["finding"].as_str().expect("a kind")).collect()
}

/// All rooms lead somewhere; see the settings of these tests for those that do not.
async fn mapped_well() -> World {
    let mut world = World::new().await;
    world.settings.map("room-nowhere", FRONT_DOOR);
    world.settings.set_integration("default_lock", FRONT_DOOR);
    world
}

#[tokio::test]
async fn a_site_is_found_by_its_uid() {
    let mut world = World::unactivated().await;
    for wanted in ["NL6254340082", "nl6254340082", SITE] {
        let rows = postern(&world, &["site", "resolve", wanted]).await.done().rows;
        assert_eq!(
            (rows.len(), &rows[0]["id"], &rows[0]["name"]),
            (1, &json!(SITE), &json!("acme utrecht"))
        );
        assert_eq!(rows[0]["integration_id"], INTEGRATION);
    }
    // The way there does not need a right UID in the configuration.
    world.settings.set_integration("site_uid", "NL0000000000");
    let of = ["site", "resolve", "NL6254340082", "--integration", INTEGRATION];
    assert_eq!(postern(&world, &of).await.done().rows[0]["id"], SITE);

    let said = postern(&world, &["site", "resolve", "NL0000000000"]).await;
    said.failed("the account can see NL6254340082 (acme utrecht)");
    let said = postern(&world, &["site", "resolve", "X", "--integration", "nobody"]).await;
    assert_eq!(said.status, Some(2), "{said:?}");
}

#[tokio::test]
async fn locks_are_listed_with_their_battery() {
    let world = World::unactivated().await;
    let rows = postern(&world, &["lock", "list", "--integration", INTEGRATION]).await.done().rows;
    let room = rows.iter().find(|row| row["id"] == ROOM_12).expect("it is listed");
    assert_eq!((&room["name"], &room["battery_level"]), (&json!("room-12"), &json!("fresh")));
}

#[tokio::test]
async fn a_mapping_that_works_passes_with_notes_at_most() {
    let mut world = mapped_well().await;
    let (failed, findings) = check(&world).await;
    assert_eq!((failed, kinds(&findings)), (false, vec!["shared_lock"]));
    assert_eq!(findings[0]["objects"], json!(["front-door", "room-nowhere"]));

    world.settings.unset_integration("default_lock");
    world.settings.set_integration("active", false);
    let (failed, findings) = check(&world).await;
    assert_eq!(
        (failed, kinds(&findings)),
        (false, vec!["shared_lock", "no_default_lock", "inactive"])
    );
}

#[tokio::test]
async fn an_object_without_a_lock_is_found() {
    let world = World::new().await;
    let (failed, findings) = check(&world).await;
    assert!(failed);
    assert_eq!(kinds(&findings)[0], "lock_not_found");
    assert_eq!(findings[0]["objects"], json!(["room-nowhere"]));
    assert_eq!(findings[0]["severity"], "broken");
}

#[tokio::test]
async fn locks_behind_an_iq_that_cannot_be_used_are_found() {
    let world = mapped_well().await;
    let forget = ["iq", "forget", "--yes", "--integration", INTEGRATION, "--iq", IQ_FIRST_FLOOR];
    postern(&world, &forget).await.done();
    change_iq(&world, json!({"restore_required": true})).await;
    let (failed, findings) = check(&world).await;
    assert!(failed);
    assert_eq!(kinds(&findings), ["iq_in_trouble", "iq_not_activated", "shared_lock"]);
    assert_eq!(findings[1]["iq_id"], IQ_FIRST_FLOOR);
    assert_eq!(findings[1]["objects"].as_array().map(Vec::len), Some(12), "rooms 13 to 24");

    // Salto rejects what is stored, and the workers have not noticed yet.
    let world = mapped_well().await;
    change_iq(&world, json!({"secret": "RotatedByAnApp01"})).await;
    for _ in 0..3 {
        iq(&world, "probe", &["--force"]).await;
    }
    assert_eq!(kinds(&check(&world).await.1), ["iq_in_trouble", "shared_lock"]);
}

#[tokio::test]
async fn an_integration_that_cannot_be_looked_at_does_not_hide_the_others() {
    let mut world = mapped_well().await;
    let mut second = world.settings.integrations()[0].clone();
    second["id"] = "second".into();
    second["password"] = "of-last-year".into();
    world.settings.integrations().insert(0, second);
    let (failed, findings) = check(&world).await;
    assert!(failed);
    assert_eq!(kinds(&findings), ["not_checked", "shared_lock"]);
    assert_eq!(findings[0]["integration_id"], "second");
    let one = ["mapping", "check", "--integration", INTEGRATION];
    postern(&world, &one).await.done();
}
