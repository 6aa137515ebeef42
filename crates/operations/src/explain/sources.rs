//! Finds the source of a request by its id alone.

use std::time::Duration;

use consumer::Lookup;

use crate::OperationError;

/// The number of records that are searched.
const MAX_RECORDS: usize = 200_000;

/// The time limit of the search.
const TIMEOUT: Duration = Duration::from_secs(8);

/// The sources that have a request of an id.
#[derive(Debug)]
pub struct FoundSources {
    /// The sources.
    pub sources: Vec<String>,
    /// Whether all records were searched.
    pub complete: bool,
}

/// The sources that have a request of this id. A request that is the first of its source and has no outcome yet is not
/// found.
///
/// # Errors
/// Redis does not answer.
pub async fn sources_of(lookup: &Lookup, id: &str) -> Result<FoundSources, OperationError> {
    let search = tokio::time::timeout(TIMEOUT, lookup.sources_of(id, MAX_RECORDS)).await;
    let (sources, complete) = match search {
        Ok(found) => found.map_err(|error| anyhow::Error::msg(error.to_string()))?,
        Err(_) => (Vec::new(), false),
    };
    Ok(FoundSources { sources, complete })
}
