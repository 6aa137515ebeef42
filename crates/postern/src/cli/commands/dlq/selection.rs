//! The dead letters that a command is about.

use std::{collections::BTreeSet, time::Duration};

use chrono::{DateTime, Utc};
use clap::{Args, builder::PossibleValuesParser};
use events::{DeadLetterReason, names};
use operations::check_configured;
use publisher::{ReceivedMessage, RecordedReason};
use uuid::Uuid;

use super::{info::DeadLetterInfo, message_json};
use crate::cli::failure::CommandFailure;
use config::BrokerConfig;

/// The filter flags.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Filters")]
pub(super) struct DlqFilterArguments {
    /// Only dead letters with this reason, such as malformed.
    #[arg(long, value_name = "REASON", value_parser = reasons(), hide_possible_values = true)]
    reason: Option<String>,
    /// Only events of this type, such as lock.open-request.v1.
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// Only dead letters of this integration.
    #[arg(long, value_name = "ID")]
    integration: Option<String>,
    /// Only dead letters that are this old or older, such as 2h.
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    age_min: Option<Duration>,
    /// Only dead letters that are this old or newer, such as 30m.
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    age_max: Option<Duration>,
    /// Only dead letters with this text in body or headers; upper and lower case are equal.
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
}

fn reasons() -> PossibleValuesParser {
    let known = DeadLetterReason::ALL.iter().map(|reason| reason.code().to_owned());
    PossibleValuesParser::new(known.chain([RecordedReason::Missing.as_str().to_owned()]))
}

/// The types of events that a worker takes. A dead letter may have another one: that may be why it is one.
const KNOWN_TYPES: [&str; 2] = [names::BOOKING_STATUS, names::OPEN_REQUEST];

/// Whether any dead letter has the value of a filter, whatever the other filters say.
#[derive(Debug, Default)]
pub(super) struct SeenValues {
    kind: bool,
    integration: bool,
}

/// The arguments that select dead letters for an action.
#[derive(Debug, Args)]
pub(super) struct SelectionArguments {
    /// Ids, as `postern dlq list` shows them.
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    /// All dead letters.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    filters: DlqFilterArguments,
}

/// The criteria of the selected dead letters.
#[derive(Debug, Clone)]
pub(super) enum Criteria {
    /// Those with these ids.
    Ids(BTreeSet<Uuid>),
    /// Those that match the filters.
    Matching(DlqFilterArguments),
}

impl SelectionArguments {
    /// The criteria. Fails without any, so that no action is done to all letters by mistake.
    pub(super) fn criteria(&self) -> Result<Criteria, CommandFailure> {
        let given = [!self.ids.is_empty(), self.all, !self.filters.is_empty()];
        match given.iter().filter(|given| **given).count() {
            0 => Err(CommandFailure::Usage(
                "no dead letters are selected: give ids, a filter or --all".to_owned(),
            )),
            1 if self.ids.is_empty() => Ok(Criteria::Matching(self.filters.clone())),
            1 => by_ids(&self.ids),
            _ => Err(CommandFailure::Usage(
                "give only one of these: ids, filters, or --all".to_owned(),
            )),
        }
    }
}

/// The criteria of these ids. A text that is not a UUID is not the id of a dead letter.
pub(super) fn by_ids(ids: &[String]) -> Result<Criteria, CommandFailure> {
    let parsed = |id: &String| Uuid::parse_str(id).map_err(|_| not_found([id]));
    ids.iter().map(parsed).collect::<Result<_, _>>().map(Criteria::Ids)
}

/// The failure where there are no dead letters with these ids.
pub(super) fn not_found<T: ToString>(ids: impl IntoIterator<Item = T>) -> CommandFailure {
    let ids: Vec<String> = ids.into_iter().map(|id| id.to_string()).collect();
    let ids = ids.join(", ");
    CommandFailure::message(format!(
        "no dead letter {ids} (it may have been replayed or dropped before); nothing was done"
    ))
}

impl DlqFilterArguments {
    fn is_empty(&self) -> bool {
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
    ) -> Result<(), CommandFailure> {
        if let Some(kind) = self.kind.as_deref()
            && !seen.kind
            && !KNOWN_TYPES.contains(&kind)
        {
            let known = KNOWN_TYPES.join(", ");
            return Err(CommandFailure::Usage(format!(
                "no dead letter has the type {kind:?}, and no worker knows it; known: {known}"
            )));
        }
        if seen.integration {
            return Ok(());
        }
        Ok(check_configured(self.integration.as_deref(), config.integration_ids().as_deref())?)
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
