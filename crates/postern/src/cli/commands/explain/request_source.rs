//! The source of a request that is given by its id alone.

use consumer::Lookup;
use operations::explain::{FoundSources, sources_of};

use crate::cli::{failure::CommandFailure, terminal::output::print_note};

/// The source of the request with this id, where there is exactly one.
pub(super) async fn find(lookup: &Lookup, id: &str) -> Result<String, CommandFailure> {
    let FoundSources { sources, complete } = sources_of(lookup, id).await?;
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
