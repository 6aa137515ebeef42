//! An integration, a booking and a request, and arbitrary ones.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use rules::{Booking, IntegrationRules, Request};
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
        check_in_status: Some("checked_in".into()),
        record_opened_at_in: Some("opened_at".into()),
        default_lock: Some(FRONT),
        locks: BTreeMap::from([("room-12".to_owned(), ROOM)]),
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

prop_compose! {
    pub(crate) fn any_integration()(
        active in prop::bool::weighted(0.9),
        minutes_before in 0u32..200,
        check_in in any::<bool>(),
        default_lock in any::<bool>(),
        mapped in any::<bool>(),
    ) -> IntegrationRules {
        IntegrationRules {
            active,
            minutes_before,
            check_in_status: check_in.then(|| "checked_in".to_owned()),
            default_lock: default_lock.then_some(FRONT),
            locks: if mapped { integration().locks } else { BTreeMap::new() },
            id: integration().id,
            open_from_statuses: integration().open_from_statuses,
            record_opened_at_in: integration().record_opened_at_in,
        }
    }
}

prop_compose! {
    pub(crate) fn any_request()(
        object in prop::option::of(prop::sample::select(vec!["room-12", "sauna", "court"])),
        taken_at in any_instant(),
        expires_at in any_instant(),
    ) -> Request {
        Request { object_id: object.map(Into::into), taken_at, expires_at }
    }
}
