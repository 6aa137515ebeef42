//! Which door is whose, and until when.

use crate::town::{DEFAULTED, Door, Integration, Town, UNMAPPED};
use rand::RngExt;
use rand::rngs::StdRng;
use std::collections::BTreeMap;

/// The doors of a town; each is given to one story at a time.
#[derive(Debug)]
pub(super) struct Doors {
    free: BTreeMap<&'static str, Vec<(Door, i64)>>,
}

impl Doors {
    pub(super) fn new(town: &Town) -> Self {
        let doors = |one: &Integration| {
            let mut doors: Vec<_> = one.doors.iter().map(|door| (door.clone(), 0)).collect();
            if one.id == DEFAULTED {
                UNMAPPED.clone_into(&mut doors[0].0.object);
            }
            doors
        };
        Self { free: town.integrations.iter().map(|one| (one.id, doors(one))).collect() }
    }

    /// A door that is free at `from`, held until `until` (milliseconds); none where all are taken.
    pub(super) fn take(
        &mut self,
        rng: &mut StdRng,
        integration: &str,
        from: i64,
        until: i64,
    ) -> Option<Door> {
        let doors = self.free.get_mut(integration)?;
        let begin = rng.random_range(0..doors.len());
        let count = doors.len();
        let index =
            (0..count).map(|step| (begin + step) % count).find(|at| doors[*at].1 <= from)?;
        doors[index].1 = until;
        Some(doors[index].0.clone())
    }
}
