//! The arguments that select dead letters.

use std::time::Duration;

use clap::{Args, builder::PossibleValuesParser};
use events::DeadLetterReason;
use operations::dead_letters::{Criteria, LetterFilters, not_found};
use publisher::RecordedReason;
use uuid::Uuid;

use crate::cli::failure::CommandFailure;

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

impl From<DlqFilterArguments> for LetterFilters {
    fn from(arguments: DlqFilterArguments) -> Self {
        let DlqFilterArguments { reason, kind, integration, age_min, age_max, text } = arguments;
        Self { reason, kind, integration, age_min, age_max, text }
    }
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

impl SelectionArguments {
    /// The criteria. Fails without any, so that no action is done to all letters by mistake.
    pub(super) fn criteria(&self) -> Result<Criteria, CommandFailure> {
        let filters = LetterFilters::from(self.filters.clone());
        let given = [!self.ids.is_empty(), self.all, !filters.is_empty()];
        match given.iter().filter(|given| **given).count() {
            0 => Err(CommandFailure::Usage(
                "no dead letters are selected: give ids, a filter or --all".to_owned(),
            )),
            1 if self.ids.is_empty() => Ok(Criteria::Matching(filters)),
            1 => by_ids(&self.ids),
            _ => Err(CommandFailure::Usage(
                "give only one of these: ids, filters, or --all".to_owned(),
            )),
        }
    }
}

/// The criteria of these ids.
fn by_ids(ids: &[String]) -> Result<Criteria, CommandFailure> {
    ids.iter().map(|id| parsed_id(id)).collect::<Result<_, _>>().map(Criteria::Ids)
}

/// The id. A text that is not a UUID is not the id of a dead letter.
pub(super) fn parsed_id(id: &str) -> Result<Uuid, CommandFailure> {
    Ok(Uuid::parse_str(id).map_err(|_| not_found([id]))?)
}
