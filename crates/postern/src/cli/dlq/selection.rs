//! Which dead letters a command is about.

use std::{collections::BTreeSet, time::Duration};

use chrono::{DateTime, Utc};
use clap::Args;
use publisher::ReceivedMessage;
use uuid::Uuid;

use super::{facts::Facts, wire};
use crate::cli::failure::Failure;

/// Only dead letters like this.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Filters")]
pub(super) struct Filters {
    /// Only with this reason, such as `malformed`.
    #[arg(long, value_name = "REASON")]
    reason: Option<String>,
    /// Only events of this type.
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// Only of this integration.
    #[arg(long, value_name = "ID")]
    integration: Option<String>,
    /// Only what failed this long ago or longer, such as 2h.
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    age_min: Option<Duration>,
    /// Only what failed this long ago or more recently, such as 30m.
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    age_max: Option<Duration>,
    /// Only with this text in body or headers, whatever its case.
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
}

/// Dead letters to do something with.
#[derive(Debug, Args)]
pub(super) struct Selection {
    /// Ids, as `postern dlq list` shows them.
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    /// All of them.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    filters: Filters,
}

/// What was asked for.
#[derive(Debug, Clone)]
pub(super) enum Wanted {
    /// Just these.
    Ids(BTreeSet<Uuid>),
    /// Whatever is like this.
    Like(Filters),
}

impl Selection {
    /// Nothing is done to letters that nobody asked for.
    pub(super) fn wanted(&self) -> Result<Wanted, Failure> {
        let ways = [!self.ids.is_empty(), self.all, !self.filters.is_empty()];
        match ways.iter().filter(|way| **way).count() {
            0 => Err(Failure::Usage("which dead letters? Give ids, a filter or --all".to_owned())),
            1 if self.ids.is_empty() => Ok(Wanted::Like(self.filters.clone())),
            1 => by_ids(&self.ids),
            _ => Err(Failure::Usage("give ids, or filters, or --all: only one of them".to_owned())),
        }
    }
}

/// These ids; what is none is the id of no dead letter.
pub(super) fn by_ids(ids: &[String]) -> Result<Wanted, Failure> {
    let parsed = |id: &String| Uuid::parse_str(id).map_err(|_| unknown([id]));
    ids.iter().map(parsed).collect::<Result<_, _>>().map(Wanted::Ids)
}

/// There are no such letters.
pub(super) fn unknown<T: ToString>(ids: impl IntoIterator<Item = T>) -> Failure {
    let ids: Vec<String> = ids.into_iter().map(|id| id.to_string()).collect();
    let nothing = "replayed or dropped before? Nothing was done";
    Failure::plain(format!("no dead letter {} ({nothing})", ids.join(", ")))
}

impl Filters {
    fn is_empty(&self) -> bool {
        let Self { reason, kind, integration, age_min, age_max, text } = self;
        [reason, kind, integration, text].into_iter().all(Option::is_none)
            && age_min.is_none()
            && age_max.is_none()
    }

    /// Whether a letter is like this.
    pub(super) fn admit(
        &self,
        facts: &Facts,
        letter: &ReceivedMessage,
        now: DateTime<Utc>,
    ) -> bool {
        let is = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| Some(wanted) == found)
        };
        // A letter that does not tell its age is neither old nor young.
        let age = facts.failed_at.map(|failed_at| (now - failed_at).to_std().unwrap_or_default());
        is(&self.reason, Some(&facts.reason))
            && is(&self.kind, facts.kind.as_deref())
            && is(&self.integration, facts.integration_id.as_deref())
            && self.age_min.is_none_or(|least| age.is_some_and(|age| age >= least))
            && self.age_max.is_none_or(|most| age.is_some_and(|age| age <= most))
            && self.text.as_deref().is_none_or(|text| contains(letter, text))
    }
}

fn contains(letter: &ReceivedMessage, text: &str) -> bool {
    let text = text.to_lowercase();
    let has = |found: &str| found.to_lowercase().contains(&text);
    has(&String::from_utf8_lossy(&letter.body))
        || wire::headers(&letter.properties).values().any(|value| match value.as_str() {
            Some(value) => has(value),
            None => has(&value.to_string()),
        })
}
