//! Which dead letters are meant.

use std::{num::NonZeroU32, time::Duration};

use operations::dead_letters::{Criteria, LetterFilters};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{access::caller::Caller, problem::Problem};

/// Which dead letters; each member that is set must be met.
#[derive(Debug, Default, Deserialize, Serialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LetterQuery {
    /// The reason, such as `malformed`.
    reason: Option<String>,
    /// The type of the event, such as `lock.open-request.v1`.
    #[serde(rename = "type")]
    kind: Option<String>,
    /// The id of the integration.
    integration: Option<String>,
    /// This old or older, in seconds.
    age_min: Option<u32>,
    /// This old or newer, in seconds.
    age_max: Option<u32>,
    /// A text in body or headers; upper and lower case are equal.
    text: Option<String>,
}

/// The dead letters to be handled: by id, by filters, or all.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LetterSelection {
    /// Their ids, as the list has them.
    ids: Option<Vec<Uuid>>,
    /// Those that meet these.
    filters: Option<LetterQuery>,
    /// All of them.
    #[serde(default)]
    all: bool,
    /// The largest number of letters per second.
    #[schema(value_type = Option<u32>, minimum = 1)]
    pub(super) rate: Option<NonZeroU32>,
}

impl LetterQuery {
    /// The filters. An integration outside the caller's grant is not known.
    pub(super) fn filters(&self, caller: &Caller) -> Result<LetterFilters, Problem> {
        let Self { reason, kind, integration, age_min, age_max, text } = self;
        if let Some(id) = integration
            && !caller.grant.covers(id)
        {
            return Err(Problem::unknown_integration(id));
        }
        let seconds = |age: &Option<u32>| age.map(|age| Duration::from_secs(age.into()));
        Ok(LetterFilters {
            reason: reason.clone(),
            kind: kind.clone(),
            integration: integration.clone(),
            age_min: seconds(age_min),
            age_max: seconds(age_max),
            text: text.clone(),
        })
    }
}

impl LetterSelection {
    /// These letters.
    pub(crate) fn of_ids(ids: Vec<Uuid>) -> Self {
        Self { ids: Some(ids), filters: None, all: false, rate: None }
    }

    /// All with this reason.
    pub(crate) fn of_reason(reason: &str) -> Self {
        let filters = LetterQuery { reason: Some(reason.to_owned()), ..LetterQuery::default() };
        Self { ids: None, filters: Some(filters), all: false, rate: None }
    }

    /// The criteria. Exactly one kind must be given, so that nothing is done to all letters by mistake.
    pub(super) fn criteria(&self, caller: &Caller) -> Result<Criteria, Problem> {
        let filters = self.filters.as_ref().map(|it| it.filters(caller)).transpose()?;
        let filters = filters.filter(|filters| !filters.is_empty());
        let ids = self.ids.as_ref().filter(|ids| !ids.is_empty());
        match (ids, filters, self.all) {
            (Some(ids), None, false) => Ok(Criteria::Ids(ids.iter().copied().collect())),
            (None, Some(filters), false) => Ok(Criteria::Matching(filters)),
            (None, None, true) => Ok(Criteria::Matching(LetterFilters::default())),
            (None, None, false) => {
                Err(Problem::bad_request("no dead letters are selected: give ids, filters or all"))
            }
            (_, _, _) => Err(Problem::bad_request("give only one of these: ids, filters, or all")),
        }
    }

    /// The selection, for the audit.
    pub(super) fn text(&self) -> String {
        match (&self.ids, &self.filters) {
            (Some(ids), _) => format!("{} by id", ids.len()),
            (None, Some(filters)) => serde_json::to_string(filters).unwrap_or_default(),
            (None, None) => "all".to_owned(),
        }
    }
}
