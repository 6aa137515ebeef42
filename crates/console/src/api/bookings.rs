//! What is stored of bookings.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use rules::Booking;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    app::App,
    extract::{PathParameters, QueryParameters},
    problem::Problem,
};

/// The most bookings in an answer.
const MOST: usize = 200;

/// Which bookings are wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct BookingFilter {
    /// Only bookings of this object.
    object: Option<String>,
}

/// Stored bookings of an integration.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BookingList {
    /// In the order of their ids.
    bookings: Vec<BookingItem>,
    /// Whether there are more than these.
    more: bool,
}

/// A stored booking.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BookingItem {
    /// Its id.
    booking_id: String,
    /// Its newest known states: several where they are equally new.
    states: Vec<BookingState>,
}

/// The state of a booking.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BookingState {
    /// The booking system's status.
    status: String,
    /// The booked objects.
    object_ids: Vec<String>,
    /// The begin of the booked time.
    starts_at: DateTime<Utc>,
    /// The end of the booked time.
    ends_at: DateTime<Utc>,
}

/// All that is stored of a booking.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BookingDetails {
    /// Its id.
    booking_id: String,
    /// Its newest known states; none where only its first opening is known.
    states: Vec<BookingState>,
    /// Until when the states are kept.
    kept_until: Option<DateTime<Utc>>,
    /// Whether it has had its first opening.
    checked_in: bool,
}

impl From<&Booking> for BookingState {
    fn from(booking: &Booking) -> Self {
        Self {
            status: booking.status.clone(),
            object_ids: booking.object_ids.clone(),
            starts_at: booking.starts_at,
            ends_at: booking.ends_at,
        }
    }
}

pub(crate) async fn list(
    State(app): State<App>,
    PathParameters(integration): PathParameters<String>,
    QueryParameters(filter): QueryParameters<BookingFilter>,
) -> Result<Json<BookingList>, Problem> {
    app.integration(&integration)?;
    let wanted = filter.object.filter(|object| !object.is_empty());
    let has_object = |booking: &Booking| {
        wanted.as_ref().is_none_or(|object| booking.object_ids.contains(object))
    };
    let (found, more) = app
        .lookup
        .bookings(MOST, |stored| {
            stored.integration_id == integration && stored.booking.all().iter().any(has_object)
        })
        .await?;
    let item = |stored: consumer::StoredBooking| BookingItem {
        states: stored.booking.all().iter().map(BookingState::from).collect(),
        booking_id: stored.booking_id,
    };
    Ok(Json(BookingList { bookings: found.into_iter().map(item).collect(), more }))
}

pub(crate) async fn get(
    State(app): State<App>,
    PathParameters((integration, booking)): PathParameters<(String, String)>,
) -> Result<Json<BookingDetails>, Problem> {
    app.integration(&integration)?;
    let record = app.lookup.booking_record(&integration, &booking).await?;
    let record = record.ok_or_else(|| {
        Problem::not_found(format!("nothing is stored of a booking {booking:?} of {integration:?}"))
    })?;
    Ok(Json(BookingDetails {
        booking_id: booking,
        states: record.states.iter().map(BookingState::from).collect(),
        kept_until: record.kept_until,
        checked_in: record.checked_in,
    }))
}
