//! The rule for tied states of a booking (`docs/contract.md`, Order of a booking's events).

use proptest::prelude::*;
use rules::{Booking, BookingStates, Decision, RejectedReason, Request, Window, decide};

use crate::fixtures::{
    any_instant, any_integration, any_request, any_tied, at, booking, integration, request, states,
};

fn decided(now: i64, tied: [Booking; 2], object: Option<&str>) -> Decision {
    let request = Request { object_id: object.map(Into::into), ..request() };
    decide(at(now), Some(&integration()), Some(&states(&tied, true)), &request)
}

fn rejected(decision: Decision) -> Option<RejectedReason> {
    match decision {
        Decision::Rejected(rejection) => Some(rejection.reason),
        Decision::Open(_) | Decision::Expired(_) => None,
    }
}

#[test]
fn a_cancellation_that_is_as_new_keeps_the_door_shut() {
    let cancelled = Booking { status: "cancelled".into(), ..booking() };
    for tied in [[booking(), cancelled.clone()], [cancelled, booking()]] {
        assert_eq!(rejected(decided(3_600, tied, None)), Some(RejectedReason::StatusNotAllowed));
    }
}

#[test]
fn the_window_is_what_all_windows_have_in_common() {
    let other = Booking { starts_at: at(4_000), ends_at: at(8_000), ..booking() };
    let tied = [booking(), other];
    let opens_at = at(4_000 - 15 * 60);
    let Decision::Rejected(early) = decided(3_000, tied.clone(), None) else { panic!("open") };
    assert_eq!((early.reason, early.opens_at), (RejectedReason::TooEarly, Some(opens_at)));
    let Decision::Open(opening) = decided(4_000, tied.clone(), None) else { panic!("not open") };
    assert_eq!(opening.window, Window { opens_at, closes_at: at(7_200 + 5 * 60) });
    assert_eq!(rejected(decided(7_200 + 5 * 60, tied, None)), Some(RejectedReason::TooLate));
}

#[test]
fn only_objects_of_every_state_open() {
    let both = Booking { object_ids: vec!["room-12".into(), "sauna".into()], ..booking() };
    let moved = Booking { object_ids: vec!["sauna".into()], ..booking() };
    let tied = [both, moved.clone()];
    assert!(matches!(decided(3_600, tied.clone(), Some("sauna")), Decision::Open(_)));
    let room = decided(3_600, tied.clone(), Some("room-12"));
    assert_eq!(rejected(room), Some(RejectedReason::ObjectNotInBooking));
    assert_eq!(rejected(decided(3_600, tied, None)), Some(RejectedReason::ObjectAmbiguous));
    // Each of them has a single object, and not the same one.
    let other_room = decided(3_600, [booking(), moved], None);
    assert_eq!(rejected(other_room), Some(RejectedReason::ObjectAmbiguous));
}

#[test]
fn where_states_were_left_out_no_door_opens() {
    let few = states(&[booking()], false);
    let decision = decide(at(3_600), Some(&integration()), Some(&few), &request());
    assert_eq!(rejected(decision), Some(RejectedReason::StatusNotAllowed));
}

proptest! {
    /// A door opens only where each state allows the same opening, and a rejection is one that a state
    /// gives alone, or that the states name different objects.
    #[test]
    fn each_tied_state_must_allow_it(
        now in any_instant(),
        integration in any_integration(),
        tied in any_tied(),
        request in any_request(),
    ) {
        let decide = |states: &BookingStates| decide(now, Some(&integration), Some(states), &request);
        let alone: Vec<_> =
            tied.iter().map(|state| decide(&BookingStates::from(state.clone()))).collect();
        match decide(&states(&tied, true)) {
            Decision::Open(opening) => for one in alone {
                let Decision::Open(one) = one else { panic!("one state says no: {one:?}") };
                prop_assert_eq!((&one.object_id, &one.lock), (&opening.object_id, &opening.lock));
                prop_assert!(one.window.opens_at <= opening.window.opens_at);
                prop_assert!(opening.window.closes_at <= one.window.closes_at);
            },
            Decision::Expired(_) => {
                prop_assert!(alone.iter().all(|one| matches!(one, Decision::Expired(_))));
            }
            decision @ Decision::Rejected(_) => {
                let differ = tied.iter().any(|state| state.only_object() != tied[0].only_object());
                let ambiguous = request.object_id.is_none() && differ;
                prop_assert!(alone.contains(&decision) || ambiguous, "{decision:?}: {alone:?}");
            }
        }
    }

    /// The answer does not depend on the order of arrival, nor on repetitions.
    #[test]
    fn the_order_of_tied_states_does_not_matter(
        now in any_instant(),
        integration in any_integration(),
        (tied, shuffled) in any_tied().prop_flat_map(|tied| {
            let twice = [tied.clone(), tied.clone()].concat();
            (Just(tied), Just(twice).prop_shuffle())
        }),
        request in any_request(),
    ) {
        let (tied, shuffled) = (states(&tied, true), states(&shuffled, true));
        prop_assert_eq!(&tied, &shuffled);
        let decide = |states| decide(now, Some(&integration), Some(states), &request);
        prop_assert_eq!(decide(&tied), decide(&shuffled));
    }
}
