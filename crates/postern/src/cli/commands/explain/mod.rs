//! `postern explain`: why a door opened or did not open, or whether it would open now.
//!
//! [`mod@text`] is an explanation for people. [`request_source`] finds the source of a request.

mod request_source;
mod text;

use chrono::Utc;
use clap::Args;
use consumer::Settings;
use operations::{
    connections::shared_connections::SharedConnections,
    explain::{BookingSelection, Explanation, RequestSelection, Selection},
};

use crate::cli::{
    arguments::{output_format::OutputFlag, time_argument::TimeArgument},
    failure::CommandFailure,
    terminal::{observer::TerminalObserver, output::Output},
};

/// Arguments of `explain`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  postern explain 7d3c4c8e --source /booking-system
  postern explain 7d3c4c8e
  postern explain --integration acme-utrecht --booking b-1 --object room-12
  postern explain --integration acme-utrecht --booking b-1 --at +30m --output json

The ledger finds a request by its source and id together. With the id alone, the stored outcomes are
searched for the sources that are in use, and the id is tried with each; a request that is the first
of its source, and has no outcome yet, is found only with --source.

The record of a request in progress does not contain its booking: add --integration and --booking for
the rules. The rules are evaluated with the newest known state of the booking.")]
pub(crate) struct ExplainArguments {
    /// The id of an open request's event.
    #[arg(value_name = "REQUEST_ID", required_unless_present = "booking")]
    request_id: Option<String>,
    /// The source of that event.
    #[arg(long, value_name = "URI", requires = "request_id")]
    source: Option<String>,
    /// The integration of the booking.
    #[arg(long, value_name = "ID", requires = "booking")]
    integration: Option<String>,
    /// A booking of the integration.
    #[arg(long, value_name = "ID", requires = "integration")]
    booking: Option<String>,
    /// Which of the booked objects.
    #[arg(long, value_name = "ID")]
    object: Option<String>,
    /// The time for which the rules are evaluated [default: when the request was answered, else now].
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    at: Option<TimeArgument>,
    #[command(flatten)]
    output: OutputFlag,
}

/// Reads what is known, and prints the explanation.
pub(crate) async fn run(
    arguments: ExplainArguments,
    settings: &Settings,
) -> Result<(), CommandFailure> {
    let connections = SharedConnections::new(settings, &TerminalObserver)?;
    let request = match arguments.request_id {
        Some(id) => {
            let source = match arguments.source {
                Some(source) => source,
                None => request_source::find(&connections.lookup, &id).await?,
            };
            Some(RequestSelection { source, id })
        }
        None => None,
    };
    let booking = arguments.integration.zip(arguments.booking);
    let booking =
        booking.map(|(integration_id, booking_id)| BookingSelection { integration_id, booking_id });
    let selection = Selection {
        request,
        booking,
        object: arguments.object,
        at: arguments.at.map(|time| time.at(Utc::now())),
    };
    let explanation = Explanation::of(settings, &connections, selection).await?;
    Output::new(arguments.output).print(&explanation, || text::explanation(&explanation))
}
