//! `postern booking`: what is stored of a booking is shown, and a state that nothing replaces is removed.

use crate::operator::{JsonOutput, postern};
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::{INTEGRATION, booking_status};
use end_to_end::setup::Setup;
use serde_json::json;

async fn booking(setup: &Setup, command: &str, more: &[&str]) -> JsonOutput {
    let arguments = ["booking", command, "--integration", INTEGRATION, BOOKING];
    postern(setup, &[&arguments[..], more].concat()).await
}

#[tokio::test]
async fn a_revision_that_was_too_high_is_repaired_and_the_check_in_stays() {
    let fixture = Fixture::new(Setup::new().await, 1).await;
    let setup = &fixture.setup;
    let with_revision = |status: &str, revision: i64| {
        let mut event = booking_status(BOOKING, status);
        event["data"]["revision"] = revision.into();
        event
    };
    fixture.store_status(&with_revision("cancelled", i64::MAX)).await;
    fixture.store_status(&with_revision("paid", 5)).await;
    assert_eq!(fixture.open("R-1", BOOKING).await.text("reason"), "status_not_allowed");
    let shown = booking(setup, "show", &[]).await.assert_done().rows.remove(0);
    assert_eq!(shown["revision"], json!(i64::MAX));
    assert_eq!(shown["states"][0]["status"], "cancelled");
    assert_eq!(shown["states"][0]["object_ids"], json!(["room-12"]));
    assert!(shown["kept_until"].is_string() && shown["told_at"].is_string(), "{shown}");
    assert_eq!(shown["checked_in"], false);

    let unconfirmed = booking(setup, "forget", &[]).await;
    assert_eq!(unconfirmed.status, Some(2), "{unconfirmed:?}");
    let forgotten = booking(setup, "forget", &["--yes"]).await.assert_done().rows.remove(0);
    assert_eq!((&forgotten["forgotten"], &forgotten["checked_in"]), (&json!(true), &json!(false)));
    booking(setup, "show", &[]).await.assert_failed("nothing is known of booking");
    booking(setup, "forget", &["--yes"]).await.assert_failed("nothing is known of booking");

    fixture.store_status(&with_revision("paid", 6)).await;
    assert_eq!(fixture.open("R-2", BOOKING).await.kind, "lock.opened.v1");
    let forgotten = booking(setup, "forget", &["--yes"]).await.assert_done().rows.remove(0);
    assert_eq!(forgotten["checked_in"], true);
    let shown = booking(setup, "show", &[]).await.assert_done().rows.remove(0);
    assert_eq!((&shown["states"], &shown["checked_in"]), (&json!([]), &json!(true)));
    assert!(shown["check_in_kept_until"].is_string(), "{shown}");
    fixture.store_status(&with_revision("paid", 7)).await;
    assert_eq!(fixture.open("R-3", BOOKING).await.kind, "lock.opened.v1");
    fixture.outbound.catch_up().await;
    assert_eq!(fixture.outbound.check_ins(BOOKING).len(), 1, "the mark stays");
}

#[tokio::test]
async fn unknown_bookings_and_integrations_are_named() {
    let setup = Setup::unactivated().await;
    for command in ["show", "forget"] {
        let of = |integration| ["booking", command, "--integration", integration, "b-1"];
        let yes: &[&str] = if command == "forget" { &["--yes"] } else { &[] };
        let unknown = postern(&setup, &[&of("unknown")[..], yes].concat()).await;
        assert_eq!(unknown.status, Some(2), "{unknown:?}");
        assert!(unknown.stderr.contains(INTEGRATION), "it names the configured ones: {unknown:?}");
        let unknown = postern(&setup, &[&of(INTEGRATION)[..], yes].concat()).await;
        unknown.assert_failed("nothing is known of booking \"b-1\"");
    }
}
