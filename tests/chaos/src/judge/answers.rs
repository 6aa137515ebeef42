//! Invariant 1: one answer. Every answer to a request is the same, and has the right address.

use super::{HistoryIndex, Violation};
use crate::history::{Answer, Event, EventType, Request, RequestKey};
use rules::{FailedClass, FailedReason};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const CHECK: &str = "1 answers";

pub(super) fn check(index: &HistoryIndex<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    for (key, events) in &index.terminals {
        match index.requests.get(key) {
            None => found.push(unrequested(index, key)),
            Some(record) => {
                found.extend(repeated(index, key, events));
                found.extend(addressed(key, events[0], record.request));
                found.extend(wrong_class(key, events[0]));
            }
        }
    }
    found.extend(conflicts(index));
    found.extend(ids(index));
    found.extend(check_ins(index));
    found.extend(confirmations(index));
    found.extend(notices(index));
    found
}

fn unrequested(index: &HistoryIndex<'_>, key: &RequestKey) -> Violation {
    let invalid = index.history.invalid_messages.iter().any(|one| one.what.mark == key.1);
    let what =
        if invalid { "an invalid request was answered" } else { "an answer without a request" };
    Violation::of(CHECK, what).about(key)
}

/// All answers to one request must be the same event.
fn repeated(index: &HistoryIndex<'_>, key: &RequestKey, events: &[&Event]) -> Option<Violation> {
    let other = events.iter().find(|event| event.body != events[0].body)?;
    // If Redis was emptied in between, the first answer was lost.
    if other.time().is_some_and(|time| index.redis_emptied_before(time)) {
        return None;
    }
    let record = &index.requests[key];
    let other_copy = record.copies > 1
        && other.time().is_some_and(|time| index.forgotten_before(record.request, time));
    if other_copy {
        return None;
    }
    let (one, two) = (events[0].outcome(), other.outcome());
    let what =
        format!("two different answers: {one} ({}) and {two} ({})", events[0].id(), other.id());
    Some(Violation::of(CHECK, what).about(key).maybe_at(other.time()))
}

/// The class of a failed request is that of its reason; that of a rejected one-time password may be temporary, where
/// its cause is corrected.
fn wrong_class(key: &RequestKey, event: &Event) -> Option<Violation> {
    let Some(Answer::Failed(reason)) = event.answer() else { return None };
    let class = FailedClass::from_code(event.text("class"));
    let corrected = reason == FailedReason::OtpInvalid && class == Some(FailedClass::Temporary);
    let what = || format!("{reason} has the class {:?}", event.text("class"));
    let wrong = class != Some(reason.class()) && !corrected;
    wrong.then(|| Violation::of(CHECK, what()).about(key).maybe_at(event.time()))
}

/// A request with the source and id of another one gets no answer, unless it was the first that postern saw, or the
/// other one is forgotten.
fn conflicts(index: &HistoryIndex<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    for (key, events) in &index.conflict_answers {
        let (Some(own), Some(record)) = (index.terminal(key), index.requests.get(key)) else {
            continue;
        };
        let last = own.time().max(events[0].time());
        let forgotten = last.is_none_or(|last| {
            index.forgotten_before(record.request, last) || index.redis_emptied_before(last)
        });
        if !forgotten {
            let what = "two requests with the same source and id were answered";
            found.push(Violation::of(CHECK, what).about(key).maybe_at(last));
        }
    }
    found
}

fn addressed(key: &RequestKey, event: &Event, request: &Request) -> Option<Violation> {
    let data = &event.body["data"];
    let right = event.body["source"] == "/postern"
        && event.body["subject"] == *request.booking
        && data["integration_id"] == *request.integration
        && data["booking_id"] == *request.booking
        && data["requested_by"].as_str() == request.requested_by.as_deref()
        && event.routing_key
            == format!("{}.{}", event.type_name().trim_end_matches(".v1"), request.integration);
    (!right).then(|| Violation::of(CHECK, "an answer has a wrong address").about(key))
}

/// Event ids are derived: one id belongs to one request and one role.
fn ids(index: &HistoryIndex<'_>) -> Vec<Violation> {
    let mut owners = BTreeMap::<&str, (RequestKey, bool)>::new();
    let mut found = Vec::new();
    for event in &index.history.events {
        if event.event_type().is_some_and(EventType::is_notice) {
            continue;
        }
        let owner = (event.request(), event.is_terminal());
        let first = owners.entry(event.id()).or_insert_with(|| owner.clone());
        if *first != owner {
            let what = format!("the event id {} belongs to another request or role", event.id());
            found.push(Violation::of(CHECK, what).about(&owner.0));
        }
    }
    found
}

/// There is one check-in per opened booking, if the integration has a check-in status.
fn check_ins(index: &HistoryIndex<'_>) -> Vec<Violation> {
    let mut opened = BTreeSet::new();
    for events in index.terminals.values() {
        let event = events[0];
        let integration = index.history.rules.integration(event.text("integration_id"));
        let counts = integration.is_some_and(|one| one.check_in_status.is_some());
        if event.answer() == Some(Answer::Opened) && counts {
            opened.insert((event.text("integration_id"), event.text("booking_id")));
        }
    }
    let mut seen = BTreeMap::<_, Vec<&Event>>::new();
    for event in
        index.history.events.iter().filter(|one| one.event_type() == Some(EventType::CheckIn))
    {
        let booking = (event.text("integration_id"), event.text("booking_id"));
        let seen = seen.entry(booking).or_default();
        if seen.iter().all(|one| one.body != event.body) {
            seen.push(event);
        }
    }
    let mut found = Vec::new();
    // After Redis was emptied, a booking may be checked in again.
    let emptied = index.emptied().next().is_some();
    for (integration, booking) in opened.iter().filter(|booking| !seen.contains_key(*booking)) {
        let what = format!("booking {booking} of {integration} was opened and not checked in");
        found.push(Violation::of(CHECK, what));
    }
    for (booking, events) in seen {
        if !opened.contains(&booking) {
            let what =
                format!("booking {} of {} was checked in and never opened", booking.1, booking.0);
            found.push(Violation::of(CHECK, what).about(&events[0].request()));
        } else if events.len() > 1 && !emptied {
            let what = format!("booking {} of {} was checked in twice", booking.1, booking.0);
            found.push(Violation::of(CHECK, what).about(&events[1].request()));
        }
    }
    found
}

/// An opening is confirmed once, with one content, and nothing else is.
fn confirmations(index: &HistoryIndex<'_>) -> Vec<Violation> {
    let mut first = BTreeMap::<RequestKey, &Event>::new();
    let mut found = Vec::new();
    for event in
        index.history.events.iter().filter(|one| one.event_type() == Some(EventType::OpenConfirmed))
    {
        let key = event.request();
        let opened = index.terminal(&key).and_then(Event::answer) == Some(Answer::Opened);
        let same = first.entry(key.clone()).or_insert(event).body == event.body;
        for (holds, what) in [
            (opened, "an opening was confirmed that was not answered as opened"),
            (same, "an opening was confirmed twice"),
        ] {
            if !holds {
                found.push(Violation::of(CHECK, what).about(&key).maybe_at(event.time()));
            }
        }
    }
    found
}

/// The state that a notice tells: once per change. The reasons of a booking at risk are told without details.
fn told_state(event: &Event) -> Option<String> {
    match event.event_type()? {
        EventType::IqAttention | EventType::IntegrationAttention => {
            Some(event.text("state").to_owned())
        }
        EventType::BookingAtRisk => {
            let mut reasons = event.body["data"]["reasons"].clone();
            for reason in reasons.as_array_mut().into_iter().flatten() {
                reason["detail"] = Value::Null;
            }
            Some(reasons.to_string())
        }
        EventType::Opened
        | EventType::OpenRejected
        | EventType::OpenFailed
        | EventType::CheckIn
        | EventType::OpenConfirmed => None,
    }
}

/// What a notice tells is published once per change.
fn notices(index: &HistoryIndex<'_>) -> Vec<Violation> {
    let mut subjects = BTreeMap::<_, BTreeMap<_, (&Event, String)>>::new();
    for event in &index.history.events {
        let Some(state) = told_state(event) else { continue };
        let subject = event.body["subject"].as_str().unwrap_or_default();
        let subject = (event.type_name(), event.text("integration_id"), subject);
        subjects.entry(subject).or_default().insert((event.time(), event.id()), (event, state));
    }
    let mut found = Vec::new();
    for ((name, integration, subject), events) in subjects {
        let mut last = String::new();
        for (event, state) in events.into_values() {
            if state == last && index.emptied().next().is_none() {
                let what =
                    format!("{name} of {subject} of {integration} told {state} twice in a row");
                found.push(Violation::of(CHECK, what).maybe_at(event.time()));
            }
            last = state;
        }
    }
    found
}
