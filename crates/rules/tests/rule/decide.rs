//! The rule, case by case.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use rules::{
    Booking, BookingStates, Decision, IntegrationRules, Opening, RejectedReason, Request, Window,
    decide,
};

use crate::fixtures::{FRONT, ROOM, at, booking, integration, request};
use crate::properties::{Inputs, allowed};

fn reason(decision: Decision) -> Option<RejectedReason> {
    match decision {
        Decision::Rejected(rejection) => Some(rejection.reason),
        Decision::Open(_) | Decision::Expired(_) => None,
    }
}

fn decided(now: DateTime<Utc>) -> Decision {
    decide(now, Some(&integration()), Some(&booking().into()), &request())
}

#[test]
fn an_opening_has_everything_that_its_events_report() {
    let Decision::Open(opening) = decided(at(3_600)) else { panic!("not open") };
    assert_eq!(
        opening,
        Opening {
            object_id: "room-12".into(),
            lock: ROOM.into(),
            record_in_field: Some("opened_at".into()),
            check_in_status: Some("checked_in".into()),
            window: Window { opens_at: at(3_600 - 15 * 60), closes_at: at(7_200 + 5 * 60) },
        }
    );
}

#[test]
fn unknown_integration() {
    let decision = decide(at(3_600), None, Some(&booking().into()), &request());
    assert_eq!(reason(decision), Some(RejectedReason::IntegrationUnknown));
}

#[test]
fn inactive_integration() {
    let integration = IntegrationRules { active: false, ..integration() };
    let decision = decide(at(3_600), Some(&integration), Some(&booking().into()), &request());
    assert_eq!(reason(decision), Some(RejectedReason::IntegrationInactive));
}

#[test]
fn unknown_booking() {
    let decision = decide(at(3_600), Some(&integration()), None, &request());
    assert_eq!(reason(decision), Some(RejectedReason::BookingUnknown));
}

#[test]
fn status_not_allowed() {
    let booking = Booking { status: "cancelled".into(), ..booking() };
    let decision =
        decide(at(3_600), Some(&integration()), Some(&booking.clone().into()), &request());
    assert_eq!(reason(decision), Some(RejectedReason::StatusNotAllowed));
}

#[test]
fn the_check_in_status_is_allowed() {
    let booking = Booking { status: "checked_in".into(), ..booking() };
    let decision =
        decide(at(3_600), Some(&integration()), Some(&booking.clone().into()), &request());
    assert!(matches!(decision, Decision::Open(_)));
}

#[test]
fn a_check_in_status_that_is_not_configured_is_not_allowed() {
    let booking = Booking { status: "checked_in".into(), ..booking() };
    let integration = IntegrationRules { check_in_status: None, ..integration() };
    let decision = decide(at(3_600), Some(&integration), Some(&booking.clone().into()), &request());
    assert_eq!(reason(decision), Some(RejectedReason::StatusNotAllowed));
}

#[test]
fn the_window_opens_to_the_nanosecond() {
    let opens_at = at(3_600 - 15 * 60);
    let Decision::Rejected(early) = decided(opens_at - TimeDelta::nanoseconds(1)) else {
        panic!("too early and not rejected")
    };
    assert_eq!(early.reason, RejectedReason::TooEarly);
    assert_eq!(early.opens_at, Some(opens_at));
    assert!(matches!(decided(opens_at), Decision::Open(_)));
}

#[test]
fn the_window_closes_to_the_nanosecond() {
    let closes_at = at(7_200 + 5 * 60);
    assert!(matches!(decided(closes_at - TimeDelta::nanoseconds(1)), Decision::Open(_)));
    assert_eq!(reason(decided(closes_at)), Some(RejectedReason::TooLate));
}

#[test]
fn an_object_of_another_booking() {
    let request = Request { object_id: Some("room-13".into()), ..request() };
    let decision = decide(at(3_600), Some(&integration()), Some(&booking().into()), &request);
    assert_eq!(reason(decision), Some(RejectedReason::ObjectNotInBooking));
}

#[test]
fn several_objects_need_the_requested_one() {
    let booking = Booking { object_ids: vec!["room-12".into(), "sauna".into()], ..booking() };
    let decide = |object: Option<&str>| {
        let request = Request { object_id: object.map(Into::into), ..request() };
        decide(at(3_600), Some(&integration()), Some(&booking.clone().into()), &request)
    };
    assert_eq!(reason(decide(None)), Some(RejectedReason::ObjectAmbiguous));
    let Decision::Open(sauna) = decide(Some("sauna")) else { panic!("not open") };
    assert_eq!(sauna.lock, FRONT.into(), "an object without a mapping takes the default lock");
    let Decision::Open(room) = decide(Some("room-12")) else { panic!("not open") };
    assert_eq!(room.lock, ROOM.into());
}

#[test]
fn one_object_listed_twice_is_one_object() {
    let booking = Booking { object_ids: vec!["room-12".into(), "room-12".into()], ..booking() };
    let decision =
        decide(at(3_600), Some(&integration()), Some(&booking.clone().into()), &request());
    assert!(matches!(decision, Decision::Open(_)));
}

#[test]
fn no_lock_without_mapping_and_default() {
    let integration =
        IntegrationRules { default_lock: None, locks: BTreeMap::new(), ..integration() };
    let decision = decide(at(3_600), Some(&integration), Some(&booking().into()), &request());
    assert_eq!(reason(decision), Some(RejectedReason::NoLockMapped));
}

#[test]
fn a_request_that_had_expired_when_taken_is_not_checked_further() {
    let request = Request { taken_at: at(10), expires_at: at(10), ..request() };
    assert_eq!(reason(decide(at(10), None, None, &request)), Some(RejectedReason::RequestExpired));
}

#[test]
fn a_request_expires_to_the_nanosecond() {
    let request = Request { expires_at: at(4_000), ..request() };
    let decide = |now| decide(now, Some(&integration()), Some(&booking().into()), &request);
    assert!(matches!(decide(at(4_000) - TimeDelta::nanoseconds(1)), Decision::Open(_)));
    assert!(matches!(decide(at(4_000)), Decision::Expired(_)));
}

#[test]
fn the_earliest_and_the_latest_time_do_not_overflow() {
    let integration = IntegrationRules { minutes_before: u32::MAX, ..integration() };
    let booking = Booking {
        starts_at: DateTime::<Utc>::MIN_UTC,
        ends_at: DateTime::<Utc>::MAX_UTC,
        ..booking()
    };
    let decision = decide(at(0), Some(&integration), Some(&booking.clone().into()), &request());
    assert!(matches!(decision, Decision::Open(_)));
}

/// Inputs for which this reason is the only one that forbids to open.
fn rejected_for(reason: RejectedReason) -> Inputs {
    let inputs = Inputs {
        now: at(3_600),
        integration: Some(integration()),
        booking: Some(booking()),
        request: request(),
    };
    match reason {
        RejectedReason::IntegrationUnknown => Inputs { integration: None, ..inputs },
        RejectedReason::IntegrationInactive => {
            let integration = IntegrationRules { active: false, ..integration() };
            Inputs { integration: Some(integration), ..inputs }
        }
        RejectedReason::BookingUnknown => Inputs { booking: None, ..inputs },
        RejectedReason::StatusNotAllowed => {
            let booking = Booking { status: "cancelled".into(), ..booking() };
            Inputs { booking: Some(booking), ..inputs }
        }
        RejectedReason::TooEarly => Inputs { now: at(0), ..inputs },
        RejectedReason::TooLate => Inputs { now: at(50_000), ..inputs },
        RejectedReason::ObjectNotInBooking => {
            let request = Request { object_id: Some("room-13".into()), ..request() };
            Inputs { request, ..inputs }
        }
        RejectedReason::ObjectAmbiguous => {
            let object_ids = vec!["room-12".into(), "sauna".into()];
            Inputs { booking: Some(Booking { object_ids, ..booking() }), ..inputs }
        }
        RejectedReason::NoLockMapped => {
            let locks = BTreeMap::new();
            let integration = IntegrationRules { default_lock: None, locks, ..integration() };
            Inputs { integration: Some(integration), ..inputs }
        }
        RejectedReason::RequestExpired => {
            let request = Request { taken_at: at(3_600), expires_at: at(3_600), ..request() };
            Inputs { request, ..inputs }
        }
    }
}

#[test]
fn every_rejected_reason_has_inputs_that_are_rejected_for_it() {
    for expected in RejectedReason::ALL.iter().copied() {
        let inputs = rejected_for(expected);
        let Inputs { now, integration, booking, request } = &inputs;
        let states = booking.clone().map(BookingStates::from);
        let decision = decide(*now, integration.as_ref(), states.as_ref(), request);
        assert_eq!(reason(decision), Some(expected));
        assert_eq!(allowed(&inputs), None, "{expected}, by the rule that is written a second time");
    }
}

#[test]
fn a_shared_door_opens_with_the_objects_with_which_it_comes() {
    let asked = |integration: &IntegrationRules, booked: &str| {
        let booking = Booking { object_ids: vec![booked.to_owned()], ..booking() };
        let request = Request { object_id: Some("entrance".into()), ..request() };
        decide(at(3_600), Some(integration), Some(&booking.into()), &request)
    };
    let Decision::Open(opening) = asked(&integration(), "room-12") else { panic!("not open") };
    assert_eq!((&*opening.object_id, opening.lock), ("entrance", FRONT.into()));
    let no = Some(RejectedReason::ObjectNotInBooking);
    assert_eq!(reason(asked(&integration(), "sauna")), no);
    let shared = |objects: &[&str]| {
        let objects = objects.iter().map(|it| (*it).to_owned()).collect();
        let shared_doors = BTreeMap::from([("entrance".to_owned(), objects)]);
        IntegrationRules { shared_doors, ..integration() }
    };
    assert!(matches!(asked(&shared(&["*"]), "sauna"), Decision::Open(_)));
    assert!(matches!(asked(&shared(&["court", "sauna"]), "sauna"), Decision::Open(_)));
    assert_eq!(reason(asked(&shared(&["court"]), "sauna")), no);
}
