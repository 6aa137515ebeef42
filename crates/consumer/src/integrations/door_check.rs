//! Whether the doors of a booking can be opened, by the rules and by the state of their locks: what `doctor`
//! shows, and what an early warning tells.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use rules::{
    BookingStates, Decision, IntegrationRules, RejectedReason, Request, RiskReason, Window,
};
use uuid::Uuid;

use super::lock_availability::LockAvailability;

/// A door of a booking that could not be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoorProblem<'a> {
    /// The object of the booking, or a shared door that comes with one.
    pub object_id: &'a str,
    /// The lock, where one is mapped, and its name is that of one lock.
    pub lock_id: Option<Uuid>,
    /// The IQ of the lock, where it is known.
    pub iq_id: Option<&'a str>,
    /// Why it could not be opened.
    pub reason: ProblemReason,
}

/// Why a door could not be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProblemReason {
    /// The rules say no.
    Rejected(RejectedReason),
    /// The state of its lock.
    Lock(RiskReason),
}

impl ProblemReason {
    /// The reason's code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Rejected(reason) => reason.code(),
            Self::Lock(reason) => reason.code(),
        }
    }
}

/// Checks each door of a booking at the first time from now on at which it may open. Where `locks` is not
/// known, only the rules are checked.
#[must_use]
pub fn door_problems<'a>(
    rules: Option<&'a IntegrationRules>,
    locks: Option<&'a LockAvailability>,
    booking: &'a BookingStates,
    now: DateTime<Utc>,
) -> Vec<DoorProblem<'a>> {
    let at = now.max(Window::of(rules, booking).opens_at);
    let problems = |object_id: &'a str| {
        let expires_at = at + TimeDelta::seconds(1);
        let object = Some(object_id.to_owned());
        let request = Request { object_id: object, taken_at: at, expires_at };
        let problem = |lock_id: Option<Uuid>, reason| DoorProblem {
            object_id,
            lock_id,
            iq_id: locks.zip(lock_id).and_then(|(locks, lock)| locks.iq_of(lock)),
            reason,
        };
        match rules::decide(at, rules, Some(booking), &request) {
            Decision::Rejected(rejection) => {
                vec![problem(None, ProblemReason::Rejected(rejection.reason))]
            }
            Decision::Open(opening) => {
                let risks = locks.map(|locks| locks.risks(&opening.lock)).unwrap_or_default();
                let lock = locks.and_then(|locks| locks.resolve(&opening.lock).ok());
                risks.into_iter().map(|it| problem(lock, ProblemReason::Lock(it))).collect()
            }
            // The request cannot have expired: it is taken at the time of the decision.
            Decision::Expired(_) => Vec::new(),
        }
    };
    doors(rules, booking).into_iter().flat_map(problems).collect()
}

/// The objects of a booking in their order, then the shared doors that come with them.
#[must_use]
pub fn doors<'a>(rules: Option<&'a IntegrationRules>, booking: &'a BookingStates) -> Vec<&'a str> {
    let objects = booking.all().iter().flat_map(|state| &state.object_ids);
    let shared = rules.into_iter().flat_map(|rules| {
        let comes = |door: &&String| booking.all().iter().any(|it| rules.comes_with(door, it));
        rules.shared_doors.keys().filter(comes)
    });
    let mut known = BTreeSet::new();
    objects.chain(shared).map(String::as_str).filter(|door| known.insert(*door)).collect()
}
