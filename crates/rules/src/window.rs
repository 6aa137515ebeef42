//! The window in which the doors of a booking may open.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{Booking, BookingStates, IntegrationRules};

/// The window of a booking: its doors may open at `opens_at <= now < closes_at`.
///
/// This is the one computation of the window. The rule, its explanation, the deadline of a command
/// and `postern doctor` read it (`docs/contract.md`, The rule).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first instant at which a door may open.
    pub opens_at: DateTime<Utc>,
    /// The first instant at which a door may not open any more.
    pub closes_at: DateTime<Utc>,
}

impl Window {
    /// The window of a booking: the time that the windows of all its tied states have in common.
    /// Where they have none in common, it is over before it begins.
    #[must_use]
    pub fn of(integration: Option<&IntegrationRules>, booking: &BookingStates) -> Self {
        let always =
            Self { opens_at: DateTime::<Utc>::MIN_UTC, closes_at: DateTime::<Utc>::MAX_UTC };
        booking.all().iter().map(|state| Self::of_state(integration, state)).fold(
            always,
            |one, other| Self {
                opens_at: one.opens_at.max(other.opens_at),
                closes_at: one.closes_at.min(other.closes_at),
            },
        )
    }

    /// The window of one state of a booking. Without an integration, it is the booked time itself.
    #[must_use]
    pub fn of_state(integration: Option<&IntegrationRules>, booking: &Booking) -> Self {
        let minutes = |minutes: Option<u32>| TimeDelta::minutes(minutes.unwrap_or(0).into());
        let before = minutes(integration.map(|integration| integration.minutes_before));
        let after = minutes(integration.map(|integration| integration.minutes_after));
        Self {
            opens_at: booking
                .starts_at
                .checked_sub_signed(before)
                .unwrap_or(DateTime::<Utc>::MIN_UTC),
            closes_at: booking
                .ends_at
                .checked_add_signed(after)
                .unwrap_or(DateTime::<Utc>::MAX_UTC),
        }
    }

    /// Whether the window has begun.
    #[must_use]
    pub fn has_begun(&self, now: DateTime<Utc>) -> bool {
        self.opens_at <= now
    }

    /// Whether the window is over.
    #[must_use]
    pub fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.closes_at <= now
    }
}
