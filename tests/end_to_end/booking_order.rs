//! The newest state of a booking decides, in any order in which its events arrive.

use chrono::{SecondsFormat, TimeDelta, Utc};
use end_to_end::fixture::Fixture;
use end_to_end::inbound::{INTEGRATION, booking_status, open_request, time};
use end_to_end::setup::Setup;
use serde_json::Value;

/// An event of a booking: its revision, and its time in seconds from now.
type State = (Option<i64>, i64);

/// Events in the order of their arrival, and which of them is the newest.
const CASES: [(&str, &[State], usize); 10] = [
    ("a later time", &[(None, -20), (None, -10)], 1),
    ("a late event with an earlier time", &[(None, -10), (None, -20)], 0),
    ("a revision beats none, however late", &[(None, -10), (Some(0), -20)], 1),
    ("none never beats a revision", &[(Some(0), -20), (None, -10)], 0),
    ("a higher revision, though earlier", &[(Some(3), -10), (Some(4), -20)], 1),
    ("a lower revision, though later", &[(Some(10), -20), (Some(9), -10)], 0),
    ("one revision, a later time", &[(Some(3), -20), (Some(3), -10)], 1),
    ("beyond what a double tells apart", &[(Some((1 << 53) + 1), -20), (Some(1 << 53), -10)], 0),
    ("the highest revisions", &[(Some(i64::MAX - 1), -10), (Some(i64::MAX), -20)], 1),
    ("disorder", &[(Some(2), -8), (None, 0), (Some(5), -5), (Some(4), -6), (Some(3), -7)], 2),
];

/// The newest state allows the opening and all others do not; and vice versa.
const ROUNDS: [(&str, &str); 2] = [("paid", "cancelled"), ("cancelled", "paid")];

#[tokio::test]
async fn the_newest_state_decides_in_any_order_of_arrival() {
    let fixture = Fixture::new(Setup::new().await, 2).await;
    let base = Utc::now();
    let mut settled = fixture.settled("booking-status").await;
    // One event of every booking at a time, so that two workers do not change their order.
    for step in 0..5 {
        for (case, (_, states, newest)) in CASES.iter().enumerate() {
            let Some((revision, seconds)) = states.get(step) else { continue };
            for (newest_says, others_say) in ROUNDS {
                let status = if step == *newest { newest_says } else { others_say };
                let mut event = booking_status(&format!("{newest_says}-{case}"), status);
                event["time"] = (base + TimeDelta::seconds(*seconds)).to_rfc3339().into();
                if let Some(revision) = revision {
                    event["data"]["revision"] = (*revision).into();
                }
                fixture.bus.booking(&event).await;
                settled += 1;
            }
        }
        fixture.wait_until_settled("booking-status", settled).await;
    }
    for (case, (what, ..)) in CASES.iter().enumerate() {
        let booking = format!("paid-{case}");
        assert_eq!(fixture.open(&booking, &booking).await.kind, "lock.opened.v1", "{what}");
        let booking = format!("cancelled-{case}");
        let answer = fixture.open(&booking, &booking).await;
        assert_eq!(answer.text("reason"), "status_not_allowed", "{what}");
    }
    assert_eq!(fixture.setup.simulator.commands().await.len(), CASES.len());
}

/// The door stays shut, whichever of them arrives first, until a newer state arrives.
#[tokio::test]
async fn tied_states_open_only_what_each_of_them_allows() {
    let fixture = Fixture::new(Setup::new().await, 1).await;
    let second = (Utc::now() - TimeDelta::seconds(5)).to_rfc3339_opts(SecondsFormat::Secs, true);
    let (starts_at, ends_at) = (time(-3600), time(3600));
    let mut answers = Vec::new();
    for order in [["confirmed", "cancelled"], ["cancelled", "confirmed"]] {
        let booking = format!("{}-first", order[0]);
        for status in order {
            let mut event = booking_status(&booking, status);
            event["time"] = second.clone().into();
            event["data"]["starts_at"] = starts_at.clone().into();
            event["data"]["ends_at"] = ends_at.clone().into();
            // The same content again, with another id, is no state of its own.
            for _ in 0..2 {
                event["id"] = uuid::Uuid::new_v4().to_string().into();
                fixture.store_status(&event).await;
            }
        }
        let answer = fixture.open(&format!("{booking}-tied"), &booking).await;
        assert_eq!(answer.kind, "lock.open-rejected.v1", "{order:?}");
        answers.push((answer.text("reason").to_owned(), answer.text("detail").to_owned()));
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0].0, "status_not_allowed");
    assert!(fixture.setup.simulator.commands().await.is_empty());
    let warnings = fixture.workers[0].log().matches("booking states tied").count();
    assert_eq!(warnings, 2, "one for each tie, none for a repetition");

    let booking = "confirmed-first";
    let arguments = ["explain", "--integration", INTEGRATION, "--booking", booking];
    let output = fixture.setup.postern(&[&arguments[..], &["--output", "json"]].concat()).await;
    let explained: Value = serde_json::from_slice(&output.stdout).expect("one object");
    assert_eq!(explained["decision"], "status_not_allowed");
    assert_eq!(explained["booking"]["status"], Value::Null);
    let tied = explained["booking"]["tied"].as_array().expect("a list");
    let statuses: Vec<_> = tied.iter().map(|state| &state["booking_status"]).collect();
    assert_eq!(statuses, ["cancelled", "confirmed"]);

    fixture.store_status(&booking_status(booking, "confirmed")).await;
    assert_eq!(fixture.open("newer", booking).await.kind, "lock.opened.v1");
}

#[tokio::test]
async fn a_booking_is_stored_before_its_integration_is_known_or_active() {
    let mut setup = Setup::new().await;
    let acme = setup.settings.integrations()[0].clone();
    let mut closed = acme.clone();
    closed["id"] = "closed-house".into();
    closed["active"] = false.into();
    setup.settings.integrations().push(closed);
    let mut fixture = Fixture::new(setup, 1).await;
    for integration in ["closed-house", "new-house"] {
        let mut status = booking_status("B-9", "paid");
        status["data"]["integration_id"] = integration.into();
        fixture.store_status(&status).await;
        let mut request = open_request(&format!("before-{integration}"), "B-9");
        request["data"]["integration_id"] = integration.into();
        assert_eq!(fixture.answer_to(&request).await.kind, "lock.open-rejected.v1");
    }
    assert!(fixture.bus.dead_letters().await.is_empty());

    let mut opened = acme.clone();
    opened["id"] = "new-house".into();
    let integrations = fixture.setup.settings.integrations();
    integrations[1]["active"] = true.into();
    integrations.push(opened);
    fixture.workers[0].kill().await;
    fixture.workers = vec![fixture.setup.worker("worker-2").start().await];
    for integration in ["closed-house", "new-house"] {
        let mut request = open_request(&format!("after-{integration}"), "B-9");
        request["data"]["integration_id"] = integration.into();
        // The booking is known; the request fails because the IQs of this integration were never activated.
        let answer = fixture.answer_to(&request).await;
        assert_eq!(answer.text("reason"), "iq_not_activated", "{answer:?}");
    }
}

#[tokio::test]
async fn a_moved_booking_opens_only_in_its_new_window() {
    let fixture = Fixture::new(Setup::new().await, 1).await;
    let mut status = booking_status("B-2", "paid");
    status["data"]["revision"] = 1.into();
    fixture.store_status(&status).await;
    assert_eq!(fixture.open("in-time", "B-2").await.kind, "lock.opened.v1");
    let mut moved = booking_status("B-2", "paid");
    moved["data"]["revision"] = 2.into();
    moved["data"]["starts_at"] = time(3600).into();
    moved["data"]["ends_at"] = time(7200).into();
    moved["data"]["object_ids"] = serde_json::json!(["room-1"]);
    fixture.store_status(&moved).await;
    fixture.store_status(&status).await;
    assert_eq!(fixture.open("too-early", "B-2").await.text("reason"), "too_early");
    assert_eq!(fixture.setup.simulator.opening_count().await, 1);
}
