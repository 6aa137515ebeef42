use std::collections::BTreeMap;

use proptest::prelude::*;

use chrono::TimeDelta;

use super::*;
use crate::{Rule, RuleInput, RuleResult, explain};

const FRONT: Uuid = Uuid::from_u128(1);
const ROOM: Uuid = Uuid::from_u128(2);

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

fn integration() -> Integration {
    Integration {
        id: "acme".into(),
        active: true,
        open_from_statuses: vec!["confirmed".into(), "paid".into()],
        minutes_before: 15,
        check_in_status: Some("checked_in".into()),
        record_opened_at_in: Some("opened_at".into()),
        default_lock: Some(FRONT),
        locks: BTreeMap::from([("room-12".to_owned(), ROOM)]),
    }
}

fn booking() -> Booking {
    Booking {
        status: "confirmed".into(),
        object_ids: vec!["room-12".into()],
        starts_at: at(3_600),
        ends_at: at(7_200),
    }
}

fn request() -> Request {
    Request { object_id: None, taken_at: at(0), expires_at: at(100_000) }
}

fn reason(decision: Decision) -> RejectedReason {
    match decision {
        Decision::Rejected(rejection) => rejection.reason,
        Decision::Open(opening) | Decision::Expired(opening) => panic!("not rejected: {opening:?}"),
    }
}

fn decided(now: DateTime<Utc>) -> Decision {
    decide(now, Some(&integration()), Some(&booking()), &request())
}

#[test]
fn opens_with_everything_needed_to_say_so() {
    let Decision::Open(opening) = decided(at(3_600)) else { panic!("not open") };
    assert_eq!(
        opening,
        Opening {
            object_id: "room-12".into(),
            lock_id: ROOM,
            record_in_field: Some("opened_at".into()),
            check_in_status: Some("checked_in".into()),
            window: Window { opens_at: at(3_600 - 15 * 60), closes_at: at(7_200) },
        }
    );
}

#[test]
fn unknown_integration() {
    let decision = decide(at(3_600), None, Some(&booking()), &request());
    assert_eq!(reason(decision), RejectedReason::IntegrationUnknown);
}

#[test]
fn inactive_integration() {
    let integration = Integration { active: false, ..integration() };
    let decision = decide(at(3_600), Some(&integration), Some(&booking()), &request());
    assert_eq!(reason(decision), RejectedReason::IntegrationInactive);
}

#[test]
fn unknown_booking() {
    let decision = decide(at(3_600), Some(&integration()), None, &request());
    assert_eq!(reason(decision), RejectedReason::BookingUnknown);
}

#[test]
fn status_not_allowed() {
    let booking = Booking { status: "cancelled".into(), ..booking() };
    let decision = decide(at(3_600), Some(&integration()), Some(&booking), &request());
    assert_eq!(reason(decision), RejectedReason::StatusNotAllowed);
}

#[test]
fn the_check_in_status_is_allowed() {
    let booking = Booking { status: "checked_in".into(), ..booking() };
    let decision = decide(at(3_600), Some(&integration()), Some(&booking), &request());
    assert!(matches!(decision, Decision::Open(_)));
}

#[test]
fn the_check_in_status_of_nobody_is_not_allowed() {
    let booking = Booking { status: "checked_in".into(), ..booking() };
    let integration = Integration { check_in_status: None, ..integration() };
    let decision = decide(at(3_600), Some(&integration), Some(&booking), &request());
    assert_eq!(reason(decision), RejectedReason::StatusNotAllowed);
}

#[test]
fn the_window_opens_to_the_nanosecond() {
    let opens_at = at(3_600 - 15 * 60);
    let Decision::Rejected(early) = decided(opens_at - TimeDelta::nanoseconds(1)) else {
        panic!("too early and yet not rejected")
    };
    assert_eq!(early.reason, RejectedReason::TooEarly);
    assert_eq!(early.opens_at, Some(opens_at));
    assert!(matches!(decided(opens_at), Decision::Open(_)));
}

#[test]
fn the_window_closes_to_the_nanosecond() {
    assert!(matches!(decided(at(7_200) - TimeDelta::nanoseconds(1)), Decision::Open(_)));
    assert_eq!(reason(decided(at(7_200))), RejectedReason::TooLate);
}

#[test]
fn an_object_of_another_booking() {
    let request = Request { object_id: Some("room-13".into()), ..request() };
    let decision = decide(at(3_600), Some(&integration()), Some(&booking()), &request);
    assert_eq!(reason(decision), RejectedReason::ObjectNotInBooking);
}

#[test]
fn several_objects_need_a_name() {
    let booking = Booking { object_ids: vec!["room-12".into(), "sauna".into()], ..booking() };
    let decide = |object: Option<&str>| {
        let request = Request { object_id: object.map(Into::into), ..request() };
        decide(at(3_600), Some(&integration()), Some(&booking), &request)
    };
    assert_eq!(reason(decide(None)), RejectedReason::ObjectAmbiguous);
    let Decision::Open(sauna) = decide(Some("sauna")) else { panic!("not open") };
    assert_eq!(sauna.lock_id, FRONT, "an object without a mapping takes the default lock");
    let Decision::Open(room) = decide(Some("room-12")) else { panic!("not open") };
    assert_eq!(room.lock_id, ROOM);
}

#[test]
fn one_object_listed_twice_is_one_object() {
    let booking = Booking { object_ids: vec!["room-12".into(), "room-12".into()], ..booking() };
    let decision = decide(at(3_600), Some(&integration()), Some(&booking), &request());
    assert!(matches!(decision, Decision::Open(_)));
}

#[test]
fn no_lock_without_mapping_and_default() {
    let integration = Integration { default_lock: None, locks: BTreeMap::new(), ..integration() };
    let decision = decide(at(3_600), Some(&integration), Some(&booking()), &request());
    assert_eq!(reason(decision), RejectedReason::NoLockMapped);
}

#[test]
fn expired_when_taken_is_not_judged_any_further() {
    let request = Request { taken_at: at(10), expires_at: at(10), ..request() };
    assert_eq!(reason(decide(at(10), None, None, &request)), RejectedReason::RequestExpired);
}

#[test]
fn expired_after_it_was_taken_to_the_nanosecond() {
    let request = Request { expires_at: at(4_000), ..request() };
    let decide = |now| decide(now, Some(&integration()), Some(&booking()), &request);
    assert!(matches!(decide(at(4_000) - TimeDelta::nanoseconds(1)), Decision::Open(_)));
    assert!(matches!(decide(at(4_000)), Decision::Expired(_)));
}

#[test]
fn the_ends_of_time_do_not_overflow() {
    let integration = Integration { minutes_before: u32::MAX, ..integration() };
    let booking = Booking {
        starts_at: DateTime::<Utc>::MIN_UTC,
        ends_at: DateTime::<Utc>::MAX_UTC,
        ..booking()
    };
    let decision = decide(at(0), Some(&integration), Some(&booking), &request());
    assert!(matches!(decision, Decision::Open(_)));
}

prop_compose! {
    fn any_instant()(seconds in -10_000i64..10_000, nanos in 0i64..1_000_000_000) -> DateTime<Utc> {
        at(seconds) + TimeDelta::nanoseconds(nanos)
    }
}

prop_compose! {
    fn any_booking()(
        status in prop::sample::select(vec!["confirmed", "paid", "checked_in", "cancelled", ""]),
        objects in prop::collection::btree_set(prop::sample::select(vec!["room-12", "sauna", "court"]), 1..3),
        starts_at in any_instant(),
        seconds in 1i64..10_000,
    ) -> Booking {
        Booking {
            status: status.into(),
            object_ids: objects.into_iter().map(Into::into).collect(),
            starts_at,
            ends_at: starts_at + TimeDelta::seconds(seconds),
        }
    }
}

prop_compose! {
    fn any_integration()(
        active in prop::bool::weighted(0.9),
        minutes_before in 0u32..200,
        check_in in any::<bool>(),
        default_lock in any::<bool>(),
        mapped in any::<bool>(),
    ) -> Integration {
        Integration {
            active,
            minutes_before,
            check_in_status: check_in.then(|| "checked_in".to_owned()),
            default_lock: default_lock.then_some(FRONT),
            locks: if mapped { integration().locks } else { BTreeMap::new() },
            ..integration()
        }
    }
}

prop_compose! {
    fn any_request()(
        object in prop::option::of(prop::sample::select(vec!["room-12", "sauna", "court"])),
        taken_at in any_instant(),
        expires_at in any_instant(),
    ) -> Request {
        Request { object_id: object.map(Into::into), taken_at, expires_at }
    }
}

proptest! {
    /// Whatever opens satisfies every clause of the contract's rule, spelled out once more here.
    #[test]
    fn nothing_opens_against_the_rule(
        now in any_instant(),
        integration in prop::option::weighted(0.95, any_integration()),
        booking in prop::option::weighted(0.95, any_booking()),
        request in any_request(),
    ) {
        let decision = decide(now, integration.as_ref(), booking.as_ref(), &request);
        let allowed = (|| {
            let (integration, booking) = (integration.as_ref()?, booking.as_ref()?);
            let status = &booking.status;
            let from = booking.starts_at - TimeDelta::minutes(integration.minutes_before.into());
            let object = match &request.object_id {
                Some(object) => booking.object_ids.iter().find(|o| *o == object)?,
                None if booking.object_ids.len() == 1 => &booking.object_ids[0],
                None => return None,
            };
            let lock = integration.locks.get(object).or(integration.default_lock.as_ref())?;
            (integration.active
                && (integration.open_from_statuses.contains(status)
                    || integration.check_in_status.as_ref() == Some(status))
                && from <= now
                && now < booking.ends_at
                && request.taken_at < request.expires_at
                && now < request.expires_at)
                .then_some((object.clone(), *lock))
        })();
        match decision {
            Decision::Open(opening) => {
                prop_assert_eq!(allowed, Some((opening.object_id, opening.lock_id)));
            }
            Decision::Rejected(rejection) => {
                prop_assert_eq!(allowed, None);
                prop_assert_eq!(
                    rejection.opens_at.is_some(),
                    rejection.reason == RejectedReason::TooEarly
                );
            }
            Decision::Expired(_) => {
                prop_assert_eq!(allowed, None);
                prop_assert!(now >= request.expires_at && request.taken_at < request.expires_at);
            }
        }
    }

    /// A door that is too early opens at `opens_at`, not before, when nothing else changes.
    #[test]
    fn opens_at_is_the_first_instant(now in any_instant(), booking in any_booking()) {
        let request = Request { object_id: None, ..request() };
        let decide = |now| decide(now, Some(&integration()), Some(&booking), &request);
        if let Decision::Rejected(Rejection { opens_at: Some(opens_at), .. }) = decide(now) {
            let too_early = |decision| matches!(
                decision,
                Decision::Rejected(Rejection { reason: RejectedReason::TooEarly, .. })
            );
            prop_assert!(!too_early(decide(opens_at)));
            prop_assert!(too_early(decide(opens_at - TimeDelta::nanoseconds(1))));
        }
    }

    /// What people are told and what is done are one.
    #[test]
    fn the_first_no_of_an_explanation_is_the_decision(
        now in any_instant(),
        integration in prop::option::weighted(0.9, any_integration()),
        booking in prop::option::weighted(0.9, any_booking()),
        request in any_request(),
    ) {
        let (integration, booking) = (integration.as_ref(), booking.as_ref());
        let steps = explain(now, integration, booking, &request);
        let first_no = steps.iter().find_map(|step| match &step.result {
            RuleResult::No(rejection) => Some(rejection.clone()),
            RuleResult::Yes | RuleResult::Expired | RuleResult::NotApplicable => None,
        });
        let all = |wanted: &[RuleResult]| steps.iter().all(|step| wanted.contains(&step.result));
        match decide(now, integration, booking, &request) {
            Decision::Rejected(rejection) => prop_assert_eq!(Some(rejection), first_no),
            Decision::Open(opening) => {
                prop_assert!(all(&[RuleResult::Yes]));
                let lock = ("lock", RuleInput::Lock(Some(opening.lock_id)));
                let named = steps.iter().any(|step| step.inputs.contains(&lock));
                prop_assert!(named);
            }
            Decision::Expired(_) => {
                prop_assert!(all(&[RuleResult::Yes, RuleResult::Expired]) && !all(&[RuleResult::Yes]));
            }
        }
    }
}

#[test]
fn an_explanation_names_what_each_rule_saw() {
    let now = at(3_600 - 15 * 60 - 840);
    let steps = explain(now, Some(&integration()), Some(&booking()), &request());
    let step = |rule| steps.iter().find(|step| step.rule == rule).unwrap();
    let window = step(Rule::WindowBegun);
    assert!(matches!(&window.result, RuleResult::No(no) if no.reason == RejectedReason::TooEarly));
    assert!(window.inputs.contains(&("opens_at", RuleInput::Time(at(3_600 - 15 * 60)))));
    assert!(window.inputs.contains(&("now", RuleInput::Time(now))));
    let allowed = ["confirmed", "paid", "checked_in"].map(str::to_owned).to_vec();
    assert!(step(Rule::StatusAllowed).inputs.contains(&("allowed", RuleInput::Texts(allowed))));
    assert_eq!(step(Rule::LockMapped).result, RuleResult::Yes);

    let nothing = explain(now, None, None, &request());
    let moot = nothing.iter().filter(|step| step.result == RuleResult::NotApplicable);
    let moot: Vec<_> = moot.map(|step| step.rule.code()).collect();
    assert_eq!(
        moot.join(" "),
        "integration_active status_allowed window_begun window_not_over object_booked lock_mapped"
    );
}
