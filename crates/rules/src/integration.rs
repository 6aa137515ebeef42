//! The settings of an integration, as far as the rules need them.

use std::collections::BTreeMap;

use crate::{Booking, LockRef};

/// The settings of an integration that decide whether and which door opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntegrationRules {
    /// The id that events name.
    pub id: String,
    /// Whether the integration is switched on; no door opens while it is off.
    pub active: bool,
    /// The booking statuses that open doors.
    pub open_from_statuses: Vec<String>,
    /// Minutes before the booking's start from which a door opens.
    pub minutes_before: u32,
    /// Minutes after the booking's end until which a door opens.
    pub minutes_after: u32,
    /// The status that a booking gets with its first opening. It opens doors as well, because a
    /// checked-in guest must be able to open again.
    pub check_in_status: Option<String>,
    /// The booking field that takes the time of the opening.
    pub record_opened_at_in: Option<String>,
    /// The lock of objects that the mapping does not name.
    pub default_lock: Option<LockRef>,
    /// The lock of each mapped object.
    pub locks: BTreeMap<String, LockRef>,
    /// Doors that come with other objects, such as an entrance: the objects with which each comes, or
    /// [`Self::ANY_OBJECT`].
    pub shared_doors: BTreeMap<String, Vec<String>>,
}

impl IntegrationRules {
    /// In [`Self::shared_doors`]: the door comes with every object.
    pub const ANY_OBJECT: &str = "*";

    /// Whether a door comes with one of the objects of a booking.
    #[must_use]
    pub fn comes_with(&self, door: &str, booking: &Booking) -> bool {
        self.shared_doors.get(door).is_some_and(|objects| {
            objects.iter().any(|it| it == Self::ANY_OBJECT || booking.object_ids.contains(it))
        })
    }

    /// Whether a booking in this status may open doors.
    #[must_use]
    pub fn status_opens(&self, status: &str) -> bool {
        self.open_from_statuses.iter().any(|allowed| allowed == status)
            || self.check_in_status.as_deref() == Some(status)
    }

    /// The lock of an object: the mapped one, else the default.
    #[must_use]
    pub fn lock_of(&self, object_id: &str) -> Option<&LockRef> {
        self.locks.get(object_id).or(self.default_lock.as_ref())
    }
}
