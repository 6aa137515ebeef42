//! An integration, a booking and a request, and arbitrary ones.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use rules::{Booking, BookingStates, IntegrationRules, Request};
use uuid::Uuid;

pub(crate) const FRONT: Uuid = Uuid::from_u128(1);
pub(crate) const ROOM: Uuid = Uuid::from_u128(2);

pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(1_800_000_000 + seconds)
}

pub(crate) fn integration() -> IntegrationRules {
    IntegrationRules {
        id: "acme".into(),
        active: true,
        open_from_statuses: vec!["confirmed".into(), "paid".into()],
        minutes_before: 15,
        minutes_after: 5,
        check_in_status: Some("checked_in".into()),
        record_opened_at_in: Some("opened_at".into()),
        default_lock: Some(FRONT.into()),
        locks: BTreeMap::from([("room-12".to_owned(), ROOM.into())]),
        shared_doors: BTreeMap::from([("entrance".to_owned(), vec!["room-12".to_owned()])]),
    }
}

pub(crate) fn booking() -> Booking {
    Booking {
        status: "confirmed".into(),
        object_ids: vec!["room-12".into()],
        starts_at: at(3_600),
        ends_at: at(7_200),
    }
}

pub(crate) fn request() -> Request {
    Request { object_id: None, taken_at: at(0), expires_at: at(100_000) }
}

prop_compose! {
    pub(crate) fn any_instant()(seconds in -10_000i64..10_000, nanos in 0i64..1_000_000_000) -> DateTime<Utc> {
        at(seconds) + TimeDelta::nanoseconds(nanos)
    }
}

prop_compose! {
    pub(crate) fn any_booking()(
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

/// States that differ in some of their members, most of them in few.
pub(crate) fn any_tied() -> impl Strategy<Value = Vec<Booking>> {
    let change = prop::option::weighted(0.8, 0u8..4);
    (any_booking(), prop::collection::vec((any_booking(), change), 0..4usize)).prop_map(
        |(first, others)| {
            let changed = |(other, change): &(Booking, Option<u8>)| match change {
                None => Booking { status: "paid".into(), ..first.clone() },
                Some(0) => Booking { status: other.status.clone(), ..first.clone() },
                Some(1) => Booking { object_ids: other.object_ids.clone(), ..first.clone() },
                Some(2) => {
                    Booking { starts_at: first.ends_at.min(other.starts_at), ..first.clone() }
                }
                Some(_) => Booking { ends_at: other.ends_at, ..first.clone() },
            };
            let others: Vec<_> = others.iter().map(changed).collect();
            [vec![first], others].concat()
        },
    )
}

/// One order of the states, and whether they are all.
pub(crate) fn states(states: &[Booking], complete: bool) -> BookingStates {
    match states {
        [first, others @ ..] => {
            BookingStates::tied(first.clone(), others.iter().cloned(), complete)
        }
        [] => booking().into(),
    }
}

pub(crate) fn any_states() -> impl Strategy<Value = BookingStates> {
    (any_tied(), prop::bool::weighted(0.9)).prop_map(|(tied, complete)| states(&tied, complete))
}

prop_compose! {
    pub(crate) fn any_integration()(
        active in prop::bool::weighted(0.9),
        minutes_before in 0u32..200,
        minutes_after in 0u32..100,
        shared in prop::sample::select(vec!["", "room-12", "sauna", "*"]),
        check_in in any::<bool>(),
        default_lock in any::<bool>(),
        mapped in any::<bool>(),
    ) -> IntegrationRules {
        IntegrationRules {
            active,
            minutes_before,
            minutes_after,
            check_in_status: check_in.then(|| "checked_in".to_owned()),
            default_lock: default_lock.then_some(FRONT.into()),
            locks: if mapped { integration().locks } else { BTreeMap::new() },
            shared_doors: BTreeMap::from([("entrance".to_owned(), vec![shared.to_owned()])]),
            id: integration().id,
            open_from_statuses: integration().open_from_statuses,
            record_opened_at_in: integration().record_opened_at_in,
        }
    }
}

prop_compose! {
    pub(crate) fn any_request()(
        object in prop::option::of(prop::sample::select(vec!["room-12", "sauna", "court", "entrance"])),
        taken_at in any_instant(),
        expires_at in any_instant(),
    ) -> Request {
        Request { object_id: object.map(Into::into), taken_at, expires_at }
    }
}
