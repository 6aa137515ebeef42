//! `postern booking forget`: removes the stored state of a booking.

use anyhow::Context;
use clap::Args;
use consumer::{Lookup, Settings, StoreError};
use operations::connections::store_failure::store_failure;
use serde::Serialize;

use super::record::{BookingArguments, StoredBookingReport};
use crate::cli::{
    arguments::{confirmation::Confirmation, output_format::OutputFlag},
    failure::CommandFailure,
    terminal::output::{Output, print_note},
};

/// Arguments of `booking forget`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
For a booking whose stored state is a mistake that no later status replaces, such as one with a revision \
that was too high; or whose record is damaged.

Only the state is removed. The booking is unknown afterwards and opens no door, until the booking system \
publishes its status again: have it do so at once, because an older status that arrives before is stored. \
The mark of the first opening stays, so that no second check-in is published; answers to requests stay too.

Examples:
  postern booking forget --integration acme-utrecht b-1
  postern booking forget --integration acme-utrecht b-1 --yes")]
pub(crate) struct ForgetArguments {
    #[command(flatten)]
    booking: BookingArguments,
    #[command(flatten)]
    confirm: Confirmation,
    #[command(flatten)]
    output: OutputFlag,
}

/// The result.
#[derive(Serialize)]
struct ForgottenBooking<'a> {
    integration_id: &'a str,
    booking_id: &'a str,
    forgotten: bool,
    /// Whether the mark of its first opening is there, and stays.
    checked_in: bool,
}

/// Asks for confirmation, and removes the state.
pub(super) async fn run(
    arguments: ForgetArguments,
    settings: &Settings,
) -> Result<(), CommandFailure> {
    let ForgetArguments { booking, confirm, output } = arguments;
    confirm.require_an_answer()?;
    let (integration_id, booking_id) = (booking.integration_id(), booking.booking_id.as_str());
    let lookup =
        Lookup::new(&settings.redis).context("redis.url or redis.sentinels cannot be used")?;
    match lookup.booking_record(integration_id, booking_id).await {
        Ok(Some(record)) if !record.states.is_empty() => {
            print_note(&StoredBookingReport::new(&booking, &record).text());
        }
        Ok(Some(_) | None) => return Err(booking.nothing_known(settings)),
        // Forgetting it is what repairs it.
        Err(error @ StoreError::Record(_)) => print_note(&format!("warning: {error}")),
        Err(error @ StoreError::Away(_)) => return Err(store_failure(error).into()),
    }
    if !confirm.ask("Remove its state?")? {
        print_note("nothing was removed");
        return Ok(());
    }
    let forgotten = lookup.forget_booking(integration_id, booking_id).await;
    let forgotten = forgotten.map_err(store_failure)?;
    let checked_in = lookup.is_checked_in(integration_id, booking_id).await;
    let checked_in = checked_in.map_err(store_failure)?;
    let result = ForgottenBooking { integration_id, booking_id, forgotten, checked_in };
    Output::new(output).print(&result, || {
        let mark = if checked_in { "; the mark of its first opening stays" } else { "" };
        format!("the state is removed{mark}: have the booking system publish the booking again")
    })
}
