//! Invariant 1: one answer each, always the same, to the one who asked.

use super::{Facts, Violation};
use crate::history::{Event, RequestKey};
use std::collections::{BTreeMap, BTreeSet};

const JUDGE: &str = "1 answers";

pub(super) fn judge(facts: &Facts<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    for (key, events) in &facts.terminals {
        match facts.requests.get(key) {
            None => found.push(nobody_asked(facts, key)),
            Some(asked) => {
                found.extend(repeated(facts, key, events));
                found.extend(addressed(key, events[0], asked.request));
            }
        }
    }
    found.extend(ids(facts));
    found.extend(check_ins(facts));
    found.extend(attention(facts));
    found
}

fn nobody_asked(facts: &Facts<'_>, key: &RequestKey) -> Violation {
    let garbage = facts.history.garbage.iter().any(|garbage| garbage.what.mark == key.1);
    let what = if garbage { "an invalid request was answered" } else { "an answer to nobody" };
    Violation::of(JUDGE, what).about(key)
}

/// All that is told about one request is the same event.
fn repeated(facts: &Facts<'_>, key: &RequestKey, events: &[&Event]) -> Option<Violation> {
    let other = events.iter().find(|event| event.body != events[0].body)?;
    // A Redis that was emptied in between remembers no first answer.
    if other.time().is_some_and(|time| facts.forgot_before(time)) {
        return None;
    }
    let (one, two) = (events[0].outcome(), other.outcome());
    let what =
        format!("two different answers: {one} ({}) and {two} ({})", events[0].id(), other.id());
    Some(Violation::of(JUDGE, what).about(key).maybe_at(other.time()))
}

fn addressed(
    key: &RequestKey,
    event: &Event,
    request: &crate::history::Request,
) -> Option<Violation> {
    let data = &event.body["data"];
    let right = event.body["source"] == "/postern"
        && event.body["subject"] == *request.booking
        && data["integration_id"] == *request.integration
        && data["booking_id"] == *request.booking
        && data["requested_by"].as_str() == request.requested_by.as_deref()
        && event.routing_key
            == format!("{}.{}", event.kind().trim_end_matches(".v1"), request.integration);
    (!right).then(|| Violation::of(JUDGE, "an answer says another's name").about(key))
}

/// Derived ids: one for a request, and no other request's.
fn ids(facts: &Facts<'_>) -> Vec<Violation> {
    let mut owners = BTreeMap::<&str, (RequestKey, bool)>::new();
    let mut found = Vec::new();
    for event in &facts.history.events {
        if event.kind() == "iq.attention.v1" {
            continue;
        }
        let owner = (event.request(), event.is_terminal());
        let first = owners.entry(event.id()).or_insert_with(|| owner.clone());
        if *first != owner {
            let what = format!("the event id {} is that of another request or role", event.id());
            found.push(Violation::of(JUDGE, what).about(&owner.0));
        }
    }
    found
}

/// One check-in per booking that was opened, where there is a status for it.
fn check_ins(facts: &Facts<'_>) -> Vec<Violation> {
    let mut opened = BTreeSet::new();
    for events in facts.terminals.values() {
        let event = events[0];
        let integration = facts.history.rules.integration(event.text("integration_id"));
        let counts = integration.is_some_and(|one| one.check_in_status.is_some());
        if event.outcome() == "opened" && counts {
            opened.insert((event.text("integration_id"), event.text("booking_id")));
        }
    }
    let mut told = BTreeMap::<_, Vec<&Event>>::new();
    for event in facts.history.events.iter().filter(|one| one.kind() == "booking.check-in.v1") {
        let booking = (event.text("integration_id"), event.text("booking_id"));
        let told = told.entry(booking).or_default();
        if told.iter().all(|one| one.body != event.body) {
            told.push(event);
        }
    }
    let mut found = Vec::new();
    // A Redis without memory may check somebody in again.
    let forgetful = facts.emptied().next().is_some();
    for (integration, booking) in opened.iter().filter(|booking| !told.contains_key(*booking)) {
        let what = format!("booking {booking} of {integration} was opened and not checked in");
        found.push(Violation::of(JUDGE, what));
    }
    for (booking, events) in told {
        if !opened.contains(&booking) {
            let what =
                format!("booking {} of {} was checked in and never opened", booking.1, booking.0);
            found.push(Violation::of(JUDGE, what).about(&events[0].request()));
        } else if events.len() > 1 && !forgetful {
            let what = format!("booking {} of {} was checked in twice", booking.1, booking.0);
            found.push(Violation::of(JUDGE, what).about(&events[1].request()));
        }
    }
    found
}

/// An IQ's state is told when it changes, and not again.
fn attention(facts: &Facts<'_>) -> Vec<Violation> {
    let mut iqs = BTreeMap::<_, BTreeMap<_, &Event>>::new();
    for event in facts.history.events.iter().filter(|one| one.kind() == "iq.attention.v1") {
        let iq = (event.text("integration_id"), event.text("iq_id"));
        iqs.entry(iq).or_default().insert((event.time(), event.id()), event);
    }
    let mut found = Vec::new();
    for ((integration, iq), events) in iqs {
        let mut last = "";
        for event in events.into_values() {
            let state = event.text("state");
            if state == last && facts.emptied().next().is_none() {
                let what = format!("{iq} of {integration} was told to be {state} twice in a row");
                found.push(Violation::of(JUDGE, what).maybe_at(event.time()));
            }
            last = state;
        }
    }
    found
}
