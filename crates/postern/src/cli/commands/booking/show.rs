//! `postern booking show`: what postern knows of a booking.

use anyhow::Context;
use clap::Args;
use consumer::{Lookup, Settings};
use operations::connections::store_failure::store_failure;

use super::record::{BookingArguments, StoredBookingReport};
use crate::cli::{
    arguments::output_format::OutputFlag, failure::CommandFailure, terminal::output::Output,
};

/// Arguments of `booking show`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  postern booking show --integration acme-utrecht b-1
  postern booking show --integration acme-utrecht b-1 --output json

Shows the newest known state with its revision, until when it is kept, and whether a door was opened.
Whether a door would open now: postern explain --integration ID --booking BOOKING.")]
pub(crate) struct ShowArguments {
    #[command(flatten)]
    booking: BookingArguments,
    #[command(flatten)]
    output: OutputFlag,
}

/// Reads the booking, and prints it.
pub(super) async fn run(
    arguments: ShowArguments,
    settings: &Settings,
) -> Result<(), CommandFailure> {
    let ShowArguments { booking, output } = arguments;
    let lookup =
        Lookup::new(&settings.redis).context("redis.url or redis.sentinels cannot be used")?;
    let record = lookup.booking_record(booking.integration_id(), &booking.booking_id).await;
    let record = record.map_err(store_failure)?.ok_or_else(|| booking.nothing_known(settings))?;
    let report = StoredBookingReport::new(&booking, &record);
    Output::new(output).print(&report, || report.text())
}
