//! The rule, for arbitrary integrations, bookings and requests.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use rules::{
    Booking, BookingStates, Decision, IntegrationRules, LockRef, RejectedReason, Rejection,
    Request, decide,
};

use crate::fixtures::{
    any_booking, any_instant, any_integration, any_request, integration, request,
};

/// Everything that the rule looks at.
pub(crate) struct Inputs {
    pub(crate) now: DateTime<Utc>,
    pub(crate) integration: Option<IntegrationRules>,
    pub(crate) booking: Option<Booking>,
    pub(crate) request: Request,
}

/// The object and the lock that may open by the rule (`docs/contract.md`, The rule), written a second
/// time here.
pub(crate) fn allowed(inputs: &Inputs) -> Option<(String, LockRef)> {
    let Inputs { now, integration, booking, request } = inputs;
    let (integration, booking) = (integration.as_ref()?, booking.as_ref()?);
    let status = &booking.status;
    let from = booking.starts_at - TimeDelta::minutes(integration.minutes_before.into());
    let object = match &request.object_id {
        Some(object) if booking.object_ids.contains(object) => object,
        Some(door) => {
            let with = integration.shared_doors.get(door)?;
            with.iter().find(|o| *o == "*" || booking.object_ids.contains(o)).map(|_| door)?
        }
        None if booking.object_ids.len() == 1 => &booking.object_ids[0],
        None => return None,
    };
    let lock = integration.locks.get(object).or(integration.default_lock.as_ref())?;
    (integration.active
        && (integration.open_from_statuses.contains(status)
            || integration.check_in_status.as_ref() == Some(status))
        && from <= *now
        && *now < booking.ends_at + TimeDelta::minutes(integration.minutes_after.into())
        && request.taken_at < request.expires_at
        && *now < request.expires_at)
        .then_some((object.clone(), lock.clone()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    /// Every opening satisfies every clause of the rule.
    #[test]
    fn nothing_opens_against_the_rule(
        now in any_instant(),
        integration in prop::option::weighted(0.95, any_integration()),
        booking in prop::option::weighted(0.95, any_booking()),
        request in any_request(),
    ) {
        let states = booking.clone().map(BookingStates::from);
        let decision = decide(now, integration.as_ref(), states.as_ref(), &request);
        let allowed = allowed(&Inputs { now, integration, booking, request: request.clone() });
        match decision {
            Decision::Open(opening) => {
                prop_assert_eq!(allowed, Some((opening.object_id, opening.lock)));
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

    /// A door for which it is too early opens at `opens_at` and not before, if nothing else changes.
    #[test]
    fn opens_at_is_the_first_instant(now in any_instant(), booking in any_booking()) {
        let request = Request { object_id: None, ..request() };
        let states = BookingStates::from(booking);
        let decide = |now| decide(now, Some(&integration()), Some(&states), &request);
        if let Decision::Rejected(Rejection { opens_at: Some(opens_at), .. }) = decide(now) {
            let too_early = |decision| matches!(
                decision,
                Decision::Rejected(Rejection { reason: RejectedReason::TooEarly, .. })
            );
            prop_assert!(!too_early(decide(opens_at)));
            prop_assert!(too_early(decide(opens_at - TimeDelta::nanoseconds(1))));
        }
    }
}

/// The properties here and in `explain` say nothing about a rule that rejects none of the arbitrary
/// requests.
#[test]
fn every_rejected_reason_occurs_among_arbitrary_requests() {
    let mut runner = TestRunner::deterministic();
    let inputs = (
        any_instant(),
        prop::option::weighted(0.9, any_integration()),
        prop::option::weighted(0.9, any_booking()),
        any_request(),
    );
    let mut found = BTreeSet::new();
    for _ in 0..2_000 {
        let (now, integration, booking, request) = inputs.new_tree(&mut runner).unwrap().current();
        let states = booking.map(BookingStates::from);
        if let Decision::Rejected(no) = decide(now, integration.as_ref(), states.as_ref(), &request)
        {
            found.insert(no.reason);
        }
    }
    let missing: Vec<_> = RejectedReason::ALL.iter().filter(|it| !found.contains(it)).collect();
    assert!(missing.is_empty(), "no arbitrary request is rejected for {missing:?}");
}
