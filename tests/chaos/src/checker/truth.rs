//! Invariant 1, what the answer says: it was so at some moment between the request and the answer.

use super::facts::Asked;
use super::{Facts, Violation};
use crate::history::{Booking, Event, RequestKey};
use chrono::{DateTime, TimeDelta, Utc};

const JUDGE: &str = "1 truth";

pub(super) fn judge(facts: &Facts<'_>) -> Vec<Violation> {
    let answered = facts.requests.iter().filter_map(|(key, asked)| {
        let event = facts.terminal(key)?;
        Some((key, asked, event, event.time()?))
    });
    answered.filter_map(|(key, asked, event, at)| untrue(facts, key, asked, event, at)).collect()
}

fn untrue(
    facts: &Facts<'_>,
    key: &RequestKey,
    asked: &Asked<'_>,
    event: &Event,
    at: DateTime<Utc>,
) -> Option<Violation> {
    let request = asked.request;
    let integration = facts.history.rules.integration(&request.integration);
    let reason = event.outcome();
    let states = facts.possible(request, asked.first, at);
    let some = |is: &dyn Fn(&Booking) -> bool| states.iter().any(|state| is(state));
    let expired = at >= request.expires_at;
    let was_so = match (integration, reason) {
        (_, "request_expired") => expired,
        (None, reason) => reason == "integration_unknown",
        (Some(_), "integration_unknown") => false,
        (Some(one), reason) if !one.active => reason == "integration_inactive",
        (Some(_), "integration_inactive") => false,
        (Some(_), "booking_unknown") => !known(facts, asked, at),
        (Some(one), "status_not_allowed") => {
            some(&|state| !facts.history.rules.allows(one, &state.status))
        }
        (Some(_), "too_early") => some(&|state| {
            let opens_at = facts.history.rules.opens_at(state);
            opens_at > asked.first
                && event.time_of("opens_at").is_some_and(|told| same(told, opens_at))
        }),
        (Some(_), "too_late") => some(&|state| state.ends_at <= at),
        (Some(_), "object_not_in_booking") => some(&|state| {
            request.object.as_ref().is_some_and(|object| !state.objects.contains(object))
        }),
        (Some(_), "object_ambiguous") => {
            request.object.is_none() && some(&|state| state.objects.len() > 1)
        }
        (Some(one), "no_lock_mapped") => {
            some(&|state| state.objects.iter().any(|object| one.lock_of(object).is_none()))
        }
        // The rules said yes: there was a state that allows it, at some time.
        (Some(one), _) => some(&|state| facts.history.rules.allows(one, &state.status)),
    };
    let what = || format!("{reason}, and that was never so");
    (!was_so).then(|| Violation::of(JUDGE, what()).about(key).at(at))
}

/// Whether the booking was certainly stored when the request came, and not forgotten since.
fn known(facts: &Facts<'_>, asked: &Asked<'_>, until: DateTime<Utc>) -> bool {
    let key = (asked.request.integration.as_str(), asked.request.booking.as_str());
    let versions = facts.bookings.get(&key).map(Vec::as_slice).unwrap_or_default();
    let stored = |one: &&&_| facts.stored_at(one).is_some_and(|stored| stored <= asked.first);
    versions.iter().find(stored).is_some() && !facts.forgot_before(until)
}

/// Digits below a microsecond are not kept.
fn same(one: DateTime<Utc>, other: DateTime<Utc>) -> bool {
    (one - other).abs() < TimeDelta::microseconds(2)
}
