//! Invariant 2: no command after expiry, outside the window, for a status that is not allowed, for an inactive
//! integration, or against an older state of the booking than the newest one stored.

use super::{Facts, Violation};
use crate::history::{Booking, Command, Request, RequestKey};

const JUDGE: &str = "2 permission";

pub(super) fn judge(facts: &Facts<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    for (key, commands) in &facts.commands {
        let request = facts.requests[key].request;
        for command in commands {
            found.extend(forbidden(facts, key, request, command));
        }
    }
    found
}

fn forbidden(
    facts: &Facts<'_>,
    key: &RequestKey,
    request: &Request,
    command: &Command,
) -> Option<Violation> {
    let at = command.received_at;
    let left = at - facts.on_its_way(at);
    let number = command.seq;
    let violation = |what: &str| {
        Some(Violation::of(JUDGE, format!("command {number} {what}")).about(key).at(at))
    };
    let rules = &facts.history.rules;
    let Some(integration) = rules.integration(&request.integration) else {
        return violation("for an integration that there is not");
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
    let states = facts.behind(request, command);
    let allows = |state: &&&Booking| {
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
    if states.iter().find(allows).is_none() {
        let states: Vec<_> = states.iter().map(|state| describe(state)).collect();
        let what =
            format!("against every state that the booking can have had: {}", states.join("; "));
        return violation(&what);
    }
    None
}

fn describe(state: &Booking) -> String {
    let revision = state.revision.map_or("no revision".to_owned(), |one| format!("revision {one}"));
    let Booking { status, starts_at, ends_at, objects, .. } = state;
    format!("{status}, {revision}, {starts_at} to {ends_at}, {objects:?}")
}
