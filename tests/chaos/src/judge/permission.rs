//! Invariant 2: no stale command. No command is sent after expiry, outside the window, for a status that is not
//! allowed, for an inactive integration, or for an older state of the booking than the newest one stored.

use super::{HistoryIndex, Violation};
use crate::history::{Booking, Command, Request, RequestKey};

const CHECK: &str = "2 permission";

pub(super) fn check(index: &HistoryIndex<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    for (key, commands) in &index.commands {
        let request = index.requests[key].request;
        for command in commands {
            found.extend(forbidden(index, key, request, command));
        }
    }
    found
}

fn forbidden(
    index: &HistoryIndex<'_>,
    key: &RequestKey,
    request: &Request,
    command: &Command,
) -> Option<Violation> {
    let at = command.received_at;
    let left = at - index.transit_time(at);
    let number = command.seq;
    let violation = |what: &str| {
        Some(Violation::of(CHECK, format!("command {number} {what}")).about(key).at(at))
    };
    let rules = &index.history.rules;
    let Some(integration) = rules.integration(&request.integration) else {
        return violation("for an unknown integration");
    };
    if !integration.active {
        return violation("for an inactive integration");
    }
    if left >= request.expires_at {
        let late = at - request.expires_at;
        return violation(&format!(
            "came {} ms after the request's expiry",
            late.num_milliseconds()
        ));
    }
    let versions = index.versions_behind(request, command);
    let allows = |state: &&Booking| {
        let object =
            request.object.as_ref().or(state.objects.first().filter(|_| state.objects.len() == 1));
        rules.allows(integration, &state.status)
            && rules.opens_at(state) <= at
            && left < state.ends_at
            && object.is_some_and(|object| {
                state.objects.contains(object)
                    && integration.lock_of(object) == command.lock_id.as_deref()
            })
    };
    // Of tied states, each has to allow it.
    let allowed = versions
        .iter()
        .any(|version| version.certain.iter().all(allows) && version.possible.iter().any(allows));
    if !allowed {
        let states = versions.iter().flat_map(|version| &version.possible);
        let states: Vec<_> = states.map(|state| describe(state)).collect();
        let what =
            format!("not allowed by any possible state of the booking: {}", states.join("; "));
        return violation(&what);
    }
    None
}

fn describe(state: &Booking) -> String {
    let revision = state.revision.map_or("no revision".to_owned(), |one| format!("revision {one}"));
    let Booking { status, starts_at, ends_at, objects, .. } = state;
    format!("{status}, {revision}, {starts_at} to {ends_at}, {objects:?}")
}
