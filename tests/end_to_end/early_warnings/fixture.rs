//! Workers that check every 300 ms, and bookings that begin in ten minutes.

use end_to_end::deadline::{SOON, until_true};
use end_to_end::fixture::Fixture;
use end_to_end::inbound::{booking_status, time};
use end_to_end::setup::Setup;
use end_to_end::worker::Worker;
use serde_json::{Value, json};

pub(super) const AT_RISK: &str = "booking.at-risk.v1";
pub(super) const ATTENTION: &str = "integration.attention.v1";

pub(super) async fn start(setup: &Setup, name: &str) -> Worker {
    start_with(setup, name, "300").await
}

/// A worker that checks at this interval, in milliseconds.
pub(super) async fn start_with(setup: &Setup, name: &str, interval: &str) -> Worker {
    setup.worker(name).env("POSTERN_WARNING_INTERVAL", interval).start().await
}

/// One worker.
pub(super) async fn fixture(setup: Setup) -> Fixture {
    let worker = start(&setup, "worker").await;
    Fixture::of(setup, vec![worker]).await
}

/// A paid booking of one object, which begins in ten minutes. It has the name of the object.
pub(super) fn booking(object: &str) -> Value {
    let mut status = booking_status(object, "paid");
    status["data"]["object_ids"] = json!([object]);
    status["data"]["starts_at"] = time(600).into();
    status
}

/// The reasons of each notice about a booking, in order.
pub(super) fn risks(fixture: &Fixture, booking: &str) -> Vec<Vec<String>> {
    let events = fixture.outbound.events().into_iter();
    let about = events.filter(|event| event.kind == AT_RISK && event.subject == booking);
    about.map(|event| reasons(&event.data)).collect()
}

pub(super) fn reasons(data: &Value) -> Vec<String> {
    let reasons = data["reasons"].as_array().expect("reasons are a list").iter();
    reasons.map(|it| it["reason"].as_str().expect("a reason is text").to_owned()).collect()
}

/// Waits until the last notice about a booking has these reasons.
pub(super) async fn wait_for_risk(fixture: &Fixture, booking: &str, reasons: &[&str]) {
    until_true(&format!("{booking} with {reasons:?}"), SOON, || async {
        risks(fixture, booking).last().is_some_and(|last| last == reasons)
    })
    .await;
}

/// The states of the integration that were published, in order.
pub(super) fn states(fixture: &Fixture, integration: &str) -> Vec<String> {
    let events = fixture.outbound.events().into_iter();
    let about = events.filter(|event| event.kind == ATTENTION && event.subject == integration);
    about.map(|event| event.text("state").to_owned()).collect()
}

/// Waits until a state was published last.
pub(super) async fn wait_for_state(fixture: &Fixture, integration: &str, state: &str) {
    until_true(&format!("{integration} to be {state}"), SOON, || async {
        states(fixture, integration).last().is_some_and(|last| last == state)
    })
    .await;
}

/// Waits until another check has been made: a booking that is checked later than all others is at risk.
pub(super) async fn one_more_check(fixture: &Fixture, number: u32) {
    let object = format!("unmapped-{number}");
    fixture.store_status(&booking(&object)).await;
    wait_for_risk(fixture, &object, &["no_lock_mapped"]).await;
}
