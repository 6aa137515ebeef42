//! `postern explain`: why a door did or did not open, or would or would not.
//!
//! [`known`] gathers what is known, [`door`] asks Salto which IQ the lock is behind, [`account`] is
//! all of it as it is printed, [`words`] says it to people.

mod account;
mod door;
mod known;
mod words;

use std::time::Duration;

use clap::Args;
use consumer::{Lookup, Settings};

use self::account::Account;
use super::doctor::Access;
use super::{
    args::Printing,
    failure::Failure,
    moment::Moment,
    output::{Output, note},
};

/// Records looked at to find a request by its id alone.
const MOST: usize = 200_000;

/// For finding a request by its id alone.
const PATIENCE: Duration = Duration::from_secs(8);

/// Arguments of `explain`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  postern explain 7d3c4c8e --source /booking-system
  postern explain 7d3c4c8e
  postern explain --integration acme-utrecht --booking b-1 --object room-12
  postern explain --integration acme-utrecht --booking b-1 --at +30m --output json

The ledger knows a request by its source and id together. With the id alone, the outcomes it holds
are gone through for the sources that are in use, and the id is tried with each; a request that is
the first of its source, and has no outcome yet, is found with --source only.

A request in progress is known to the ledger without its booking: add --integration and --booking
for the rules. The rules are asked about the booking as it is known now.")]
pub(super) struct Explain {
    /// The id of an open request's event.
    #[arg(value_name = "REQUEST_ID", required_unless_present = "booking")]
    request_id: Option<String>,
    /// The source of that event.
    #[arg(long, value_name = "URI", requires = "request_id")]
    source: Option<String>,
    /// The integration.
    #[arg(long, value_name = "ID", requires = "booking")]
    integration: Option<String>,
    /// A booking of the integration.
    #[arg(long, value_name = "ID", requires = "integration")]
    booking: Option<String>,
    /// Which of the booked objects.
    #[arg(long, value_name = "ID")]
    object: Option<String>,
    /// The moment that the rules are asked about [default: when the request was answered, else now].
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    at: Option<Moment>,
    #[command(flatten)]
    printing: Printing,
}

/// Looks, and tells.
pub(super) async fn run(explain: Explain, settings: &Settings) -> Result<(), Failure> {
    let access = Access::new(settings)?;
    let request = match &explain.request_id {
        Some(id) => {
            let source = match &explain.source {
                Some(source) => source.clone(),
                None => source_of(&access.lookup, id).await?,
            };
            Some((source, id.clone()))
        }
        None => None,
    };
    let known = known::gather(&access.lookup, &explain, request).await?;
    let account = Account::of(settings, &access, &explain, known).await?;
    Output::new(explain.printing).one(&account, || words::all(&account))
}

/// The one source from which the request is known.
async fn source_of(lookup: &Lookup, id: &str) -> Result<String, Failure> {
    let looking = tokio::time::timeout(PATIENCE, lookup.sources_of(id, MOST)).await;
    let (sources, all) = match looking {
        Ok(looked) => looked.map_err(|error| Failure::plain(error.to_string()))?,
        Err(_) => (Vec::new(), false),
    };
    match sources.as_slice() {
        [source] => {
            if !all {
                note("note: not all records were looked at; another source may have the same id");
            }
            Ok(source.clone())
        }
        [] if all => Err(Failure::plain(format!(
            "nothing is known of a request {id:?}. If it may be the first of its source, say \
             --source; outcomes are kept for retention.outcomes after a request's expiry"
        ))),
        [] => Err(Failure::plain(format!(
            "there are too many records to find {id:?} by its id alone: say --source, the source of \
             its event"
        ))),
        several => Err(Failure::Usage(format!(
            "several requests have the id {id:?}: say --source, one of {}",
            several.join(", ")
        ))),
    }
}
