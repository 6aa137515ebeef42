//! Invariant 1: what an answer says was true at some time between the request and the answer.

use super::index::RequestRecord;
use super::{HistoryIndex, Violation};
use crate::history::{Answer, Booking, Event, RequestKey};
use chrono::{DateTime, TimeDelta, Utc};
use rules::{FailedReason, RejectedReason};

const CHECK: &str = "1 truth";

pub(super) fn check(index: &HistoryIndex<'_>) -> Vec<Violation> {
    let answered = index.requests.iter().filter_map(|(key, record)| {
        let event = index.terminal(key)?;
        Some((key, record, event, event.time()?))
    });
    answered.filter_map(|(key, record, event, at)| untrue(index, key, record, event, at)).collect()
}

fn untrue(
    index: &HistoryIndex<'_>,
    key: &RequestKey,
    record: &RequestRecord<'_>,
    event: &Event,
    at: DateTime<Utc>,
) -> Option<Violation> {
    let rules = &index.history.rules;
    // The vocabulary check reports an unknown reason.
    let was_true = match event.answer()? {
        Answer::Rejected(reason) => Rejection { index, record, event, at }.was_true(reason),
        Answer::Failed(FailedReason::OutcomeUnknown) if reserved_alone(index, key, record, at) => {
            true
        }
        // The rules allowed it: at some time the booking had a state with which the door may open.
        Answer::Opened | Answer::Failed(_) => {
            let states = index.possible_states(record.request, record.first, at);
            let integration = rules.integration(&record.request.integration);
            integration
                .filter(|one| one.active)
                .is_some_and(|one| states.iter().any(|state| rules.allows(one, &state.status)))
        }
    };
    let what = || format!("{} was not true at any time", event.outcome());
    (!was_true).then(|| Violation::of(CHECK, what()).about(key).at(at))
}

/// A worker that ended after its claim reserved a command, and before it decided, counts as one that sent it: where
/// the rules had said no, the outcome is unknown although no command left (docs/decisions.md, 1).
fn reserved_alone(
    index: &HistoryIndex<'_>,
    key: &RequestKey,
    record: &RequestRecord<'_>,
    at: DateTime<Utc>,
) -> bool {
    index.commands_of(key).is_empty() && index.may_repeat(record.first, at)
}

/// A rejection, and when it was decided.
struct Rejection<'a> {
    index: &'a HistoryIndex<'a>,
    record: &'a RequestRecord<'a>,
    event: &'a Event,
    at: DateTime<Utc>,
}

impl Rejection<'_> {
    fn was_true(&self, reason: RejectedReason) -> bool {
        let Self { index, record, event, at } = *self;
        let (rules, request) = (&index.history.rules, record.request);
        let integration = rules.integration(&request.integration);
        let active = integration.filter(|one| one.active);
        let states = index.possible_states(request, record.first, at);
        let some = |condition: &dyn Fn(&Booking) -> bool| {
            active.is_some() && states.iter().any(|state| condition(state))
        };
        match reason {
            RejectedReason::RequestExpired => at >= request.expires_at,
            RejectedReason::IntegrationUnknown => integration.is_none(),
            RejectedReason::IntegrationInactive => integration.is_some() && active.is_none(),
            RejectedReason::BookingUnknown => active.is_some() && !known(index, record, at),
            RejectedReason::StatusNotAllowed => {
                some(&|state| active.is_some_and(|one| !rules.allows(one, &state.status)))
            }
            RejectedReason::TooEarly => some(&|state| {
                let opens_at = rules.opens_at(state);
                opens_at > record.first
                    && event.time_of("opens_at").is_some_and(|told| same(told, opens_at))
            }),
            RejectedReason::TooLate => some(&|state| state.ends_at <= at),
            RejectedReason::ObjectNotInBooking => some(&|state| {
                request.object.as_ref().is_some_and(|object| !state.objects.contains(object))
            }),
            RejectedReason::ObjectAmbiguous => {
                request.object.is_none() && some(&|state| state.objects.len() > 1)
            }
            RejectedReason::NoLockMapped => some(&|state| {
                let unmapped =
                    |object: &String| active.is_some_and(|one| one.lock_of(object).is_none());
                state.objects.iter().any(unmapped)
            }),
        }
    }
}

/// Whether the booking was certainly stored when the request was published, and not lost since.
fn known(index: &HistoryIndex<'_>, record: &RequestRecord<'_>, until: DateTime<Utc>) -> bool {
    let key = (record.request.integration.as_str(), record.request.booking.as_str());
    let versions = index.bookings.get(&key).map(Vec::as_slice).unwrap_or_default();
    let stored = |one: &&&_| index.stored_at(one).is_some_and(|stored| stored <= record.first);
    versions.iter().find(stored).is_some() && !index.redis_emptied_before(until)
}

/// Whether two times are equal; fractions of a microsecond are not kept.
fn same(one: DateTime<Utc>, other: DateTime<Utc>) -> bool {
    (one - other).abs() < TimeDelta::microseconds(2)
}
