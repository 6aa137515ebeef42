//! `site resolve`, `lock list` and `mapping check`: the checks of an operator before the first request.

use crate::operator::{change_iq, iq, postern};
use end_to_end::inbound::INTEGRATION;
use end_to_end::setup::Setup;
use end_to_end::simulator::{FRONT_DOOR, IQ_FIRST_FLOOR, ROOM_12};
use serde_json::{Value, json};

const SITE: &str = "0f6f1a52-6d4c-4f6e-9d0c-6254340082aa";

/// The findings of `mapping check` by kind, and whether it failed.
async fn check(setup: &Setup) -> (bool, Vec<Value>) {
    let output = postern(setup, &["mapping", "check"]).await;
    assert!(matches!(output.status, Some(0 | 1)), "{output:?}");
    assert!(
        output.rows.iter().all(|row| row["next"].as_str().is_some_and(|next| !next.is_empty()))
    );
    (output.status == Some(1), output.rows)
}

fn kinds(findings: &[Value]) -> Vec<&str> {
    findings.iter().map(|finding| finding["finding"].as_str().expect("a kind")).collect()
}

/// All rooms of the settings are mapped to existing locks.
async fn mapped_well() -> Setup {
    let mut setup = Setup::new().await;
    setup.settings.map("room-nowhere", FRONT_DOOR);
    setup.settings.set_integration("default_lock", FRONT_DOOR);
    setup
}

#[tokio::test]
async fn a_site_is_found_by_its_uid() {
    let mut setup = Setup::unactivated().await;
    for wanted in ["NL6254340082", "nl6254340082", SITE] {
        let rows = postern(&setup, &["site", "resolve", wanted]).await.assert_done().rows;
        assert_eq!(
            (rows.len(), &rows[0]["id"], &rows[0]["name"]),
            (1, &json!(SITE), &json!("acme utrecht"))
        );
        assert_eq!(rows[0]["integration_id"], INTEGRATION);
    }
    // The command does not need a valid UID in the configuration.
    setup.settings.set_integration("site_uid", "NL0000000000");
    let of = ["site", "resolve", "NL6254340082", "--integration", INTEGRATION];
    assert_eq!(postern(&setup, &of).await.assert_done().rows[0]["id"], SITE);

    let output = postern(&setup, &["site", "resolve", "NL0000000000"]).await;
    output.assert_failed("the account can see NL6254340082 (acme utrecht)");
    let output = postern(&setup, &["site", "resolve", "X", "--integration", "unknown-house"]).await;
    assert_eq!(output.status, Some(2), "{output:?}");
}

#[tokio::test]
async fn locks_are_listed_with_their_battery() {
    let setup = Setup::unactivated().await;
    let rows =
        postern(&setup, &["lock", "list", "--integration", INTEGRATION]).await.assert_done().rows;
    let room = rows.iter().find(|row| row["id"] == ROOM_12).expect("it is listed");
    assert_eq!((&room["name"], &room["battery_level"]), (&json!("room-12"), &json!("fresh")));
}

#[tokio::test]
async fn a_mapping_that_works_passes_with_notes_at_most() {
    let mut setup = mapped_well().await;
    let (failed, findings) = check(&setup).await;
    assert_eq!((failed, kinds(&findings)), (false, vec!["shared_lock"]));
    assert_eq!(findings[0]["objects"], json!(["front-door", "room-nowhere"]));

    setup.settings.unset_integration("default_lock");
    setup.settings.set_integration("active", false);
    let (failed, findings) = check(&setup).await;
    assert_eq!(
        (failed, kinds(&findings)),
        (false, vec!["shared_lock", "no_default_lock", "inactive"])
    );
}

#[tokio::test]
async fn an_object_without_a_lock_is_found() {
    let setup = Setup::new().await;
    let (failed, findings) = check(&setup).await;
    assert!(failed);
    assert_eq!(kinds(&findings)[0], "lock_not_found");
    assert_eq!(findings[0]["objects"], json!(["room-nowhere"]));
    assert_eq!(findings[0]["severity"], "broken");
}

#[tokio::test]
async fn locks_behind_an_iq_that_cannot_be_used_are_found() {
    let setup = mapped_well().await;
    let forget = ["iq", "forget", "--yes", "--integration", INTEGRATION, "--iq", IQ_FIRST_FLOOR];
    postern(&setup, &forget).await.assert_done();
    change_iq(&setup, json!({"restore_required": true})).await;
    let (failed, findings) = check(&setup).await;
    assert!(failed);
    assert_eq!(kinds(&findings), ["iq_in_trouble", "iq_not_activated", "shared_lock"]);
    assert_eq!(findings[1]["iq_id"], IQ_FIRST_FLOOR);
    assert_eq!(findings[1]["objects"].as_array().map(Vec::len), Some(12), "rooms 13 to 24");

    // Salto rejects the stored secret, and the workers have not noticed it yet.
    let setup = mapped_well().await;
    change_iq(&setup, json!({"secret": "RotatedByAnApp01"})).await;
    for _ in 0..3 {
        iq(&setup, "probe", &["--force"]).await;
    }
    assert_eq!(kinds(&check(&setup).await.1), ["iq_in_trouble", "shared_lock"]);
}

#[tokio::test]
async fn an_integration_that_cannot_be_checked_does_not_hide_the_others() {
    let mut setup = mapped_well().await;
    let mut second = setup.settings.integrations()[0].clone();
    second["id"] = "second".into();
    second["password"] = "of-last-year".into();
    setup.settings.integrations().insert(0, second);
    let (failed, findings) = check(&setup).await;
    assert!(failed);
    assert_eq!(kinds(&findings), ["not_checked", "shared_lock"]);
    assert_eq!(findings[0]["integration_id"], "second");
    let one = ["mapping", "check", "--integration", INTEGRATION];
    postern(&setup, &one).await.assert_done();
}
