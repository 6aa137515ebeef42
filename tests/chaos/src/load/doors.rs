//! The reservations of doors.

use crate::fixtures::{Door, Fixtures, Integration, UNMAPPED, WITH_DEFAULT_LOCK};
use rand::RngExt;
use rand::rngs::StdRng;
use std::collections::BTreeMap;

/// The doors of all integrations; each is reserved for one test case at a time.
#[derive(Debug)]
pub(super) struct DoorPool {
    reserved_until: BTreeMap<&'static str, Vec<(Door, i64)>>,
}

impl DoorPool {
    pub(super) fn new(fixtures: &Fixtures) -> Self {
        let doors = |one: &Integration| {
            let mut doors: Vec<_> = one.doors.iter().map(|door| (door.clone(), 0)).collect();
            if one.id == WITH_DEFAULT_LOCK {
                UNMAPPED.clone_into(&mut doors[0].0.object);
            }
            doors
        };
        Self {
            reserved_until: fixtures.integrations.iter().map(|one| (one.id, doors(one))).collect(),
        }
    }

    /// Reserves a door that is free at `from`, until `until` (milliseconds); none if all are reserved.
    pub(super) fn reserve(
        &mut self,
        rng: &mut StdRng,
        integration: &str,
        from: i64,
        until: i64,
    ) -> Option<Door> {
        let doors = self.reserved_until.get_mut(integration)?;
        let begin = rng.random_range(0..doors.len());
        let count = doors.len();
        let index =
            (0..count).map(|step| (begin + step) % count).find(|at| doors[*at].1 <= from)?;
        doors[index].1 = until;
        Some(doors[index].0.clone())
    }
}
