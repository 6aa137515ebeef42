//! Finds the source of a request by its id alone.

use std::time::Duration;

use consumer::Lookup;

use crate::cli::{failure::CommandFailure, terminal::output::print_note};

/// The number of records that are searched.
const MAX_RECORDS: usize = 200_000;

/// The time limit of the search.
const TIMEOUT: Duration = Duration::from_secs(8);

/// The source of the request with this id, where there is exactly one.
pub(super) async fn find(lookup: &Lookup, id: &str) -> Result<String, CommandFailure> {
    let search = tokio::time::timeout(TIMEOUT, lookup.sources_of(id, MAX_RECORDS)).await;
    let (sources, complete) = match search {
        Ok(found) => found.map_err(|error| CommandFailure::message(error.to_string()))?,
        Err(_) => (Vec::new(), false),
    };
    match sources.as_slice() {
        [source] => {
            if !complete {
                print_note(
                    "note: not all records were searched; another source may have the same id",
                );
            }
            Ok(source.clone())
        }
        [] if complete => Err(CommandFailure::message(format!(
            "there is no record of a request {id:?}. If it may be the first of its source, give \
             --source; outcomes are kept for retention.outcomes after a request's expiry"
        ))),
        [] => Err(CommandFailure::message(format!(
            "there are too many records to find {id:?} by its id alone: give --source, the source \
             of its event"
        ))),
        several => Err(CommandFailure::Usage(format!(
            "several requests have the id {id:?}: give --source, one of {}",
            several.join(", ")
        ))),
    }
}
