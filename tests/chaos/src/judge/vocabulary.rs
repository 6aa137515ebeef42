//! Every event type, reason and state is one that the judge knows. An unknown one is either a mistake of postern or a
//! check that has not been written yet.

use super::{HistoryIndex, Violation};
use crate::history::{Event, EventType};
use events::{ConfirmationSource, IntegrationState, IqState};
use rules::RiskReason;
use serde::Deserialize;

const CHECK: &str = "vocabulary";

pub(super) fn check(index: &HistoryIndex<'_>) -> Vec<Violation> {
    let events = index.history.events.iter().filter_map(|event| {
        let what = unknown(event)?;
        Some(Violation::of(CHECK, what).about(&event.request()).maybe_at(event.time()))
    });
    let letters = index.history.dead_letters.iter();
    let letters = letters.filter(|letter| letter.known_reason().is_none()).map(|letter| {
        let what = format!("unknown reason of a dead letter: {:?}", letter.reason);
        Violation::of(CHECK, what)
    });
    events.chain(letters).collect()
}

/// What the judge does not know of an event.
fn unknown(event: &Event) -> Option<String> {
    let Some(event_type) = event.event_type() else {
        return Some(format!("unknown event type: {:?}", event.type_name()));
    };
    match event_type {
        EventType::Opened | EventType::CheckIn => None,
        EventType::OpenRejected | EventType::OpenFailed => event.answer().is_none().then(|| {
            let (name, reason) = (event.type_name(), event.text("reason"));
            format!("unknown reason of {name}: {reason:?}")
        }),
        EventType::OpenConfirmed => {
            let source = &event.body["data"]["seen_in"];
            let unknown = ConfirmationSource::deserialize(source).is_err();
            unknown.then(|| format!("unknown source of a confirmation: {source}"))
        }
        EventType::IqAttention => {
            let state = &event.body["data"]["state"];
            IqState::deserialize(state).is_err().then(|| format!("unknown state of an IQ: {state}"))
        }
        EventType::IntegrationAttention => {
            let state = &event.body["data"]["state"];
            let unknown = IntegrationState::deserialize(state).is_err();
            unknown.then(|| format!("unknown state of an integration: {state}"))
        }
        EventType::BookingAtRisk => {
            let reasons = event.body["data"]["reasons"].as_array().map_or(&[][..], Vec::as_slice);
            let mut reasons = reasons.iter().map(|one| &one["reason"]);
            let unknown = reasons.find(|reason| RiskReason::deserialize(*reason).is_err())?;
            Some(format!("unknown reason of a risk: {unknown}"))
        }
    }
}
