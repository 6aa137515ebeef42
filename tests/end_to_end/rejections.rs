//! Rejected requests: an answer with its reason, no call to Salto, and no dead letter.

use chrono::{DateTime, TimeDelta, Utc};
use end_to_end::broker::Event;
use end_to_end::deadline::SOON;
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::{booking_status, open_request, time};
use end_to_end::setup::Setup;
use rules::RejectedReason;
use serde_json::{Value, json};

/// An integration that is not active.
const INACTIVE: &str = "closed-house";

/// The code of a reason (docs/contract.md, Outbound), written a second time, and a request that is rejected for it with
/// [`store_bookings`].
fn case_of(reason: RejectedReason) -> (&'static str, Value) {
    let request = |booking: &str, member: &str, value: Value| {
        let mut request = open_request(booking, booking);
        request["data"][member] = value;
        request
    };
    match reason {
        RejectedReason::IntegrationUnknown => {
            ("integration_unknown", request("unknown", "integration_id", "unknown".into()))
        }
        RejectedReason::IntegrationInactive => {
            ("integration_inactive", request("inactive", "integration_id", INACTIVE.into()))
        }
        RejectedReason::BookingUnknown => {
            ("booking_unknown", open_request("not-stored", "not-stored"))
        }
        RejectedReason::StatusNotAllowed => {
            ("status_not_allowed", open_request("cancelled", "cancelled"))
        }
        RejectedReason::TooEarly => ("too_early", open_request("tomorrow", "tomorrow")),
        RejectedReason::TooLate => ("too_late", open_request("over", "over")),
        RejectedReason::ObjectNotInBooking => {
            ("object_not_in_booking", request("two", "object_id", "room-1".into()))
        }
        RejectedReason::ObjectAmbiguous => ("object_ambiguous", open_request("any-of-two", "two")),
        RejectedReason::NoLockMapped => ("no_lock_mapped", open_request("sauna", "sauna")),
        RejectedReason::RequestExpired => {
            let mut late = open_request("late", BOOKING);
            late["time"] = time(-120).into();
            ("request_expired", late)
        }
    }
}

async fn store_bookings(fixture: &Fixture, starts_at: &str) {
    let booking = |id: &str, change: &[(&str, Value)]| {
        let mut status = booking_status(id, "paid");
        for (member, value) in change {
            status["data"][member] = value.clone();
        }
        status
    };
    for status in [
        booking("inactive", &[("integration_id", INACTIVE.into())]),
        booking("cancelled", &[("status", "cancelled".into())]),
        booking("tomorrow", &[("starts_at", starts_at.into()), ("ends_at", time(9 * 3600).into())]),
        booking("over", &[("ends_at", time(-1).into())]),
        booking("two", &[("object_ids", json!(["room-12", "front-door"]))]),
        booking("sauna", &[("object_ids", json!(["sauna"]))]),
    ] {
        fixture.store_status(&status).await;
    }
}

#[tokio::test]
async fn every_rejected_reason_is_answered_without_a_call_to_salto() {
    let mut setup = Setup::new().await;
    let mut inactive = setup.settings.integrations()[0].clone();
    inactive["id"] = INACTIVE.into();
    inactive["active"] = false.into();
    setup.settings.integrations().push(inactive);
    setup.settings.set("opening.booking_wait", "300ms");
    let fixture = Fixture::new(setup, 1).await;
    let starts_at = time(3 * 3600);
    store_bookings(&fixture, &starts_at).await;
    let calls = fixture.setup.simulator.counters().await["calls"].clone();

    for reason in RejectedReason::ALL.iter().copied() {
        let (code, request) = case_of(reason);
        let answer = fixture.answer_to(&request).await;
        assert_rejected(&answer, &request, code);
        let opens_at = answer.data.get("opens_at").map(instant);
        let expected = (reason == RejectedReason::TooEarly)
            .then(|| instant(&starts_at.clone().into()) - TimeDelta::minutes(15));
        assert_eq!(opens_at, expected, "{reason}");
    }

    assert_eq!(fixture.setup.simulator.counters().await["calls"], calls, "nothing was sent");
    assert_eq!(fixture.open("allowed", BOOKING).await.kind, "lock.opened.v1");
    assert_eq!(fixture.setup.simulator.opening_count().await, 1);
    fixture.wait_until_settled("open-requests", RejectedReason::ALL.len() as u64 + 1).await;
    assert!(fixture.bus.dead_letters().await.is_empty(), "a rejection is an answer, no failure");
}

fn assert_rejected(answer: &Event, request: &Value, reason: &str) {
    assert_eq!((&*answer.kind, answer.text("reason")), ("lock.open-rejected.v1", reason));
    assert_eq!(answer.data["attempts"], 0, "{reason}");
    assert!(!answer.text("detail").is_empty(), "{reason} has no detail");
    let integration = request["data"]["integration_id"].as_str().expect("an id");
    assert_eq!(answer.routing_key, format!("lock.open-rejected.{integration}"));
    assert_eq!(answer.subject, request["data"]["booking_id"]);
    for member in ["class", "lock_id", "iq_id"] {
        assert_eq!(answer.data.get(member), None, "{reason} has {member}");
    }
}

fn instant(value: &Value) -> DateTime<Utc> {
    let text = value.as_str().expect("a time is text");
    DateTime::parse_from_rfc3339(text).expect("a time is RFC 3339").to_utc()
}

/// Cancels the booking while the worker repeats its command to an unavailable Salto; when the cancellation was stored,
/// and the answer.
async fn cancelled_meanwhile(fixture: &Fixture) -> (DateTime<Utc>, Value) {
    fixture
        .setup
        .simulator
        .add_fault(json!({"kind": "status", "status": 503, "call": "open"}))
        .await;
    fixture.bus.open_request(&open_request("R-1", BOOKING)).await;
    fixture.setup.simulator.wait_for_commands(2, SOON).await;
    fixture.store_status(&booking_status(BOOKING, "cancelled")).await;
    let stored = Utc::now();
    let answer = fixture.outbound.terminal("R-1", SOON).await;
    (stored, answer.body)
}

#[tokio::test]
async fn after_a_cancellation_no_further_command_is_sent() {
    let mut setup = Setup::new().await;
    setup.settings.set("opening.request_ttl", "9m");
    let fixture = Fixture::new(setup, 1).await;
    let (stored, answer) = cancelled_meanwhile(&fixture).await;
    assert_eq!(answer["type"], "lock.open-rejected.v1", "{answer}");
    assert_eq!(answer["data"]["reason"], "status_not_allowed");
    let commands = fixture.setup.simulator.commands().await;
    assert_eq!(answer["data"]["attempts"], commands.len());
    assert!(commands.iter().all(|command| command.received_at < stored), "{stored}: {commands:?}");
}

#[tokio::test]
async fn a_command_in_doubt_decides_the_answer_although_the_booking_was_cancelled() {
    let mut setup = Setup::new().await;
    setup.settings.set("opening.resend_window", "60s");
    let fixture = Fixture::new(setup, 1).await;
    fixture
        .setup
        .simulator
        .add_fault(json!({"kind": "opened_then_dropped", "call": "open", "times": 1}))
        .await;
    let (stored, answer) = cancelled_meanwhile(&fixture).await;
    assert_eq!(answer["type"], "lock.open-failed.v1", "{answer}");
    assert_eq!(answer["data"]["reason"], "outcome_unknown");
    let commands = fixture.setup.simulator.commands().await;
    assert_eq!(answer["data"]["attempts"], commands.len());
    assert!(commands.iter().all(|command| command.received_at < stored), "{stored}: {commands:?}");
}
