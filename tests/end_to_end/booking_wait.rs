//! An open request may overtake its booking's status: it waits for a limited time.

use end_to_end::deadline::{SOON, until_true};
use end_to_end::fixture::Fixture;
use end_to_end::inbound::{booking_status, open_request, time};
use end_to_end::setup::Setup;

#[tokio::test]
async fn a_request_waits_for_a_booking_that_it_has_overtaken() {
    let mut setup = Setup::new().await;
    setup.settings.set("opening.booking_wait", "50s");
    // The request uses the only slot of its queue's prefetch; the booking's status has another queue.
    setup.settings.set("broker.prefetch", 1);
    let fixture = Fixture::new(setup, 1).await;
    fixture.bus.open_request(&open_request("R-1", "B-2")).await;
    until_true("the request to be taken", SOON, || async {
        let metrics = fixture.workers[0].metrics().await;
        metrics.contains(r#"postern_messages_in_flight{queue="open-requests"} 1"#)
    })
    .await;
    fixture.store_status(&booking_status("B-2", "paid")).await;
    let opened = fixture.outbound.terminal("R-1", SOON).await;
    assert_eq!((&*opened.kind, &opened.data["attempts"]), ("lock.opened.v1", &1.into()));
}

#[tokio::test]
async fn a_request_does_not_wait_for_its_booking_beyond_its_expiry() {
    let mut setup = Setup::new().await;
    setup.settings.set("opening.booking_wait", "50s");
    let fixture = Fixture::new(setup, 1).await;
    let mut request = open_request("R-1", "B-2");
    request["data"]["expires_at"] = time(2).into();
    fixture.bus.open_request(&request).await;
    let rejected = fixture.outbound.terminal("R-1", SOON).await;
    assert_eq!(rejected.text("reason"), "booking_unknown");
    // Too late for this request, but in time for the next one.
    fixture.store_status(&booking_status("B-2", "paid")).await;
    assert_eq!(fixture.open("R-2", "B-2").await.kind, "lock.opened.v1");
    assert_eq!(fixture.outbound.answers("R-1").len(), 1);
}
