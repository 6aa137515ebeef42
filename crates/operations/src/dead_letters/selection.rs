//! The dead letters that a command is about.

use std::{collections::BTreeSet, time::Duration};

use chrono::{DateTime, Utc};
use config::BrokerConfig;
use events::names;
use publisher::ReceivedMessage;
use uuid::Uuid;

use super::{info::DeadLetterInfo, message_json};
use crate::{OperationError, check_configured};

/// What dead letters have in common; each member that is set must be met.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LetterFilters {
    /// The reason, such as `malformed`.
    pub reason: Option<String>,
    /// The type of the event, such as `lock.open-request.v1`.
    pub kind: Option<String>,
    /// The id of the integration.
    pub integration: Option<String>,
    /// This old or older.
    pub age_min: Option<Duration>,
    /// This old or newer.
    pub age_max: Option<Duration>,
    /// A text in body or headers; upper and lower case are equal.
    pub text: Option<String>,
}

/// The types of events that a worker takes. A dead letter may have another one: that may be why it is one.
const KNOWN_TYPES: [&str; 2] = [names::BOOKING_STATUS, names::OPEN_REQUEST];

/// Whether any dead letter has the value of a filter, whatever the other filters say.
#[derive(Debug, Default)]
pub(super) struct SeenValues {
    kind: bool,
    integration: bool,
}

/// The criteria of the selected dead letters.
#[derive(Debug, Clone)]
pub enum Criteria {
    /// Those with these ids.
    Ids(BTreeSet<Uuid>),
    /// Those that match the filters.
    Matching(LetterFilters),
}

/// The error where there are no dead letters with these ids.
pub fn not_found<T: ToString>(ids: impl IntoIterator<Item = T>) -> OperationError {
    let ids: Vec<String> = ids.into_iter().map(|id| id.to_string()).collect();
    let ids = ids.join(", ");
    OperationError::NotFound(format!(
        "no dead letter {ids} (it may have been replayed or dropped before); nothing was done"
    ))
}

impl LetterFilters {
    /// Whether nothing is set, so that all dead letters match.
    pub fn is_empty(&self) -> bool {
        let Self { reason, kind, integration, age_min, age_max, text } = self;
        [reason, kind, integration, text].into_iter().all(Option::is_none)
            && age_min.is_none()
            && age_max.is_none()
    }

    /// Notes the values of the filters that a dead letter has.
    pub(super) fn note_seen(&self, info: &DeadLetterInfo, seen: &mut SeenValues) {
        seen.kind |= self.kind.as_deref() == info.kind.as_deref();
        seen.integration |= self.integration.as_deref() == info.integration_id.as_deref();
    }

    /// Fails where a filter has a value that neither a dead letter nor the configuration has: it is
    /// misspelt.
    pub(super) fn check(
        &self,
        seen: &SeenValues,
        config: &BrokerConfig,
    ) -> Result<(), OperationError> {
        if let Some(kind) = self.kind.as_deref()
            && !seen.kind
            && !KNOWN_TYPES.contains(&kind)
        {
            let known = KNOWN_TYPES.join(", ");
            return Err(OperationError::WrongInput(format!(
                "no dead letter has the type {kind:?}, and no worker knows it; known: {known}"
            )));
        }
        if seen.integration {
            return Ok(());
        }
        check_configured(self.integration.as_deref(), config.integration_ids().as_deref())
    }

    /// Whether a dead letter matches the filters.
    pub(super) fn matches(
        &self,
        info: &DeadLetterInfo,
        letter: &ReceivedMessage,
        now: DateTime<Utc>,
    ) -> bool {
        let equals = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| Some(wanted) == found)
        };
        // A letter of unknown age matches neither age filter.
        let age = info.failed_at.map(|failed_at| (now - failed_at).to_std().unwrap_or_default());
        equals(&self.reason, Some(&info.reason))
            && equals(&self.kind, info.kind.as_deref())
            && equals(&self.integration, info.integration_id.as_deref())
            && self.age_min.is_none_or(|least| age.is_some_and(|age| age >= least))
            && self.age_max.is_none_or(|most| age.is_some_and(|age| age <= most))
            && self.text.as_deref().is_none_or(|text| contains(letter, text))
    }
}

fn contains(letter: &ReceivedMessage, text: &str) -> bool {
    let text = text.to_lowercase();
    let has = |found: &str| found.to_lowercase().contains(&text);
    has(&String::from_utf8_lossy(&letter.body))
        || message_json::headers(&letter.properties).values().any(|value| match value.as_str() {
            Some(value) => has(value),
            None => has(&value.to_string()),
        })
}
