//! Locks by their name at Salto in the mapping and as the default lock.

use crate::doctor::Report;
use crate::operator::postern;
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::setup::Setup;
use end_to_end::simulator::{FRONT_DOOR, ROOM_12};
use serde_json::{Value, json};

#[tokio::test]
async fn a_lock_is_found_by_its_name_and_a_name_that_no_lock_has_is_named() {
    let mut setup = Setup::new().await;
    setup.settings.map("room-12", "room-12");
    setup.settings.map("sauna", "Sauna");
    setup.settings.set_integration("default_lock", "front door");
    let config = postern(&setup, &["check-config"]).await.assert_done();
    assert!(config.rows.iter().any(|row| row.to_string().contains("Sauna")), "{config:?}");
    let mapping = postern(&setup, &["mapping", "check"]).await;
    let of_sauna = |row: &&Value| row["objects"] == json!(["sauna"]);
    let found = mapping.rows.iter().find(of_sauna).expect("a finding about the sauna");
    assert_eq!(found["finding"], "lock_not_found");
    assert!(found["text"].to_string().contains("Sauna"), "{found}");

    let fixture = Fixture::new(setup, 1).await;
    let opened = fixture.open("R-1", BOOKING).await;
    assert_eq!((opened.kind.as_str(), opened.text("lock_id")), ("lock.opened.v1", ROOM_12));
    fixture.store_booking("kitchen").await;
    assert_eq!(fixture.open("R-2", "kitchen").await.text("lock_id"), FRONT_DOOR);
    fixture.store_booking("sauna").await;
    let failed = fixture.open("R-3", "sauna").await;
    assert_eq!((failed.text("reason"), &failed.data["attempts"]), ("lock_not_found", &json!(0)));
    assert!(failed.text("detail").contains("no lock of the site is named \"Sauna\""), "{failed:?}");
    assert_eq!(failed.data.get("lock_id"), None);
    let report = Report::of(&fixture.setup).await;
    report.assert_finding("mapping", "broken", "no lock of the site is named \"Sauna\"");
    report.assert_finding("bookings", "broken", "lock_not_found: sauna");
}

#[tokio::test]
async fn a_name_that_several_locks_have_opens_none_of_them() {
    let directory = tempfile::tempdir().expect("a directory");
    let salto = end_to_end::simulator::Simulator::start(directory.path()).await;
    let mut world = salto.control(reqwest::Method::GET, "world", None).await;
    for lock in [1, 2] {
        world["sites"][0]["locks"][lock]["customer_reference"] = json!("Door");
    }
    let mut setup = Setup::with_salto(&world).await;
    setup.settings.map("room-12", "Door");
    setup.activate(end_to_end::simulator::IQ_GROUND_FLOOR).await;
    let fixture = Fixture::new(setup, 1).await;
    let failed = fixture.open("R-1", BOOKING).await;
    assert_eq!(failed.text("reason"), "lock_not_found");
    assert!(failed.text("detail").contains("2 locks of the site are named \"Door\""), "{failed:?}");
    assert_eq!(fixture.setup.simulator.commands().await.len(), 0);
}
