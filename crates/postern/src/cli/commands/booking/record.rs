//! A booking as it is stored, and as it is printed.

use chrono::{DateTime, Utc};
use clap::Args;
use consumer::{BookingRecord, Settings};
use operations::connections::site_access::selected_integrations;
use rules::Booking;
use serde::Serialize;

use crate::cli::{
    arguments::integration::IntegrationArgument,
    failure::CommandFailure,
    terminal::text::{printable, time_text},
};

/// The booking that a command is about.
#[derive(Debug, Args)]
pub(super) struct BookingArguments {
    #[command(flatten)]
    integration: IntegrationArgument,
    /// The id of the booking.
    #[arg(value_name = "BOOKING")]
    pub(super) booking_id: String,
}

impl BookingArguments {
    pub(super) fn integration_id(&self) -> &str {
        &self.integration.integration_id
    }

    /// The failure where nothing is known of the booking. States are stored for integrations that are not
    /// configured too; but then the id is more likely a mistake.
    pub(super) fn nothing_known(&self, settings: &Settings) -> CommandFailure {
        let (id, booking) = (self.integration_id(), &self.booking_id);
        match selected_integrations(settings, Some(id)) {
            Err(unknown) => unknown.into(),
            Ok(_) => CommandFailure::message(format!(
                "nothing is known of booking {booking:?} of {id:?}: no status of it was received, or it \
                 ended longer ago than retention.bookings"
            )),
        }
    }
}

/// A booking as it is printed. Members that are not known are null.
#[derive(Serialize)]
pub(super) struct StoredBookingReport<'a> {
    integration_id: &'a str,
    booking_id: &'a str,
    /// Several, where they are equally new.
    states: Vec<StateReport<'a>>,
    revision: Option<u64>,
    /// The time of the event with this state.
    told_at: Option<DateTime<Utc>>,
    kept_until: Option<DateTime<Utc>>,
    /// Whether it has had its first opening.
    checked_in: bool,
    check_in_kept_until: Option<DateTime<Utc>>,
}

/// A state of a booking as it is printed.
#[derive(Serialize)]
struct StateReport<'a> {
    status: &'a str,
    object_ids: &'a [String],
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
}

impl<'a> StoredBookingReport<'a> {
    pub(super) fn new(arguments: &'a BookingArguments, record: &'a BookingRecord) -> Self {
        let state = |state: &'a Booking| StateReport {
            status: &state.status,
            object_ids: &state.object_ids,
            starts_at: state.starts_at,
            ends_at: state.ends_at,
        };
        Self {
            integration_id: arguments.integration_id(),
            booking_id: &arguments.booking_id,
            states: record.states.iter().map(state).collect(),
            revision: record.version.and_then(|version| version.revision),
            told_at: record.version.map(|version| version.time),
            kept_until: record.kept_until,
            checked_in: record.checked_in,
            check_in_kept_until: record.check_in_kept_until,
        }
    }

    pub(super) fn text(&self) -> String {
        let mut lines = vec![format!("{} of {}", self.booking_id, self.integration_id)];
        for StateReport { status, object_ids, starts_at, ends_at } in &self.states {
            let (from, until) = (time_text(Some(*starts_at)), time_text(Some(*ends_at)));
            lines.push(format!("  {status}, {from} to {until}, {}", object_ids.join(", ")));
        }
        if self.states.is_empty() {
            lines.push("  no state of it is stored".to_owned());
        }
        if let Some(told_at) = self.told_at {
            let revision = self.revision.map_or_else(|| "none".to_owned(), |it| it.to_string());
            let told_at = time_text(Some(told_at));
            lines.push(format!("  revision {revision}, from the event of {told_at}"));
        }
        if self.kept_until.is_some() {
            lines.push(format!("  kept until {}", time_text(self.kept_until)));
        }
        lines.push(match (self.checked_in, self.check_in_kept_until) {
            (true, Some(_)) => {
                let until = time_text(self.check_in_kept_until);
                format!("  a door of it was opened; the mark of that is kept until {until}")
            }
            (true, None) => "  a door of it was opened".to_owned(),
            (false, _) => {
                "  no first opening is marked: only those with a check_in_status are".to_owned()
            }
        });
        // The booking system chooses ids and statuses.
        lines.iter().map(|line| printable(line)).collect::<Vec<_>>().join("\n")
    }
}
