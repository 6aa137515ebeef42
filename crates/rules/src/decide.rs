//! The rule: may this door open now?

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::{Booking, Integration, RejectedReason};

/// An open request, as far as the rules need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The object whose door is asked for; needed where the booking has several.
    pub object_id: Option<String>,
    /// When the request was first taken from the queue.
    pub taken_at: DateTime<Utc>,
    /// The instant from which on nothing may be opened for it.
    pub expires_at: DateTime<Utc>,
}

/// The answer of the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The door may open now.
    Open(Opening),
    /// The rules say no.
    Rejected(Rejection),
    /// The rules would say yes, but the request expired after it was taken: what has become of
    /// it meanwhile is its answer.
    Expired(Opening),
}

/// What to open, and what to say when it has opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// The booked object.
    pub object_id: String,
    /// Its lock.
    pub lock_id: Uuid,
    /// The booking field that takes the time of the opening.
    pub record_in_field: Option<String>,
    /// The status to move the booking to, with its first opening.
    pub check_in_status: Option<String>,
}

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// The code.
    pub reason: RejectedReason,
    /// In plain words, without personal data.
    pub detail: String,
    /// With `too_early`: the instant from which the door may open.
    pub opens_at: Option<DateTime<Utc>>,
}

impl Rejection {
    fn new(reason: RejectedReason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into(), opens_at: None }
    }
}

/// Decides a request by the newest known state of its booking.
///
/// A request that had expired when it was taken is not judged any further: every other answer
/// would be about a moment at which nobody stands at the door.
#[must_use]
pub fn decide(
    now: DateTime<Utc>,
    integration: Option<&Integration>,
    booking: Option<&Booking>,
    request: &Request,
) -> Decision {
    match judge(now, integration, booking, request) {
        Err(rejection) => Decision::Rejected(rejection),
        Ok(opening) if now < request.expires_at => Decision::Open(opening),
        Ok(opening) => Decision::Expired(opening),
    }
}

fn judge(
    now: DateTime<Utc>,
    integration: Option<&Integration>,
    booking: Option<&Booking>,
    request: &Request,
) -> Result<Opening, Rejection> {
    use RejectedReason as Reason;

    if request.taken_at >= request.expires_at {
        return Err(Rejection::new(
            Reason::RequestExpired,
            "the request had expired before it was taken",
        ));
    }
    let integration = integration.ok_or_else(|| {
        Rejection::new(Reason::IntegrationUnknown, "no integration with this id is configured")
    })?;
    if !integration.active {
        return Err(Rejection::new(Reason::IntegrationInactive, "the integration is switched off"));
    }
    let booking = booking.ok_or_else(|| {
        Rejection::new(Reason::BookingUnknown, "no status of this booking has been received")
    })?;
    if !integration.status_opens(&booking.status) {
        return Err(Rejection::new(
            Reason::StatusNotAllowed,
            "the booking's status is not one that opens doors",
        ));
    }
    window(now, integration, booking)?;
    let object_id = object(booking, request)?;
    let lock_id = integration.lock_of(&object_id).ok_or_else(|| {
        Rejection::new(
            Reason::NoLockMapped,
            "the object has no lock in the mapping and there is no default lock",
        )
    })?;
    Ok(Opening {
        object_id,
        lock_id,
        record_in_field: integration.record_opened_at_in.clone(),
        check_in_status: integration.check_in_status.clone(),
    })
}

/// `starts_at − minutes_before ≤ now < ends_at`, exact to the instant.
fn window(
    now: DateTime<Utc>,
    integration: &Integration,
    booking: &Booking,
) -> Result<(), Rejection> {
    let before = TimeDelta::minutes(integration.minutes_before.into());
    let opens_at = booking.starts_at.checked_sub_signed(before).unwrap_or(DateTime::<Utc>::MIN_UTC);
    if now < opens_at {
        return Err(Rejection {
            reason: RejectedReason::TooEarly,
            detail: "the booking's window has not begun".to_owned(),
            opens_at: Some(opens_at),
        });
    }
    if now >= booking.ends_at {
        return Err(Rejection::new(RejectedReason::TooLate, "the booking has ended"));
    }
    Ok(())
}

fn object(booking: &Booking, request: &Request) -> Result<String, Rejection> {
    match (&request.object_id, booking.object_ids.as_slice()) {
        (Some(wanted), booked) if booked.contains(wanted) => Ok(wanted.clone()),
        (Some(_), _) => Err(Rejection::new(
            RejectedReason::ObjectNotInBooking,
            "the object asked for does not belong to the booking",
        )),
        // One object, however often the booking lists it.
        (None, [first, rest @ ..]) if rest.iter().all(|other| other == first) => Ok(first.clone()),
        (None, _) => Err(Rejection::new(
            RejectedReason::ObjectAmbiguous,
            "the booking has several objects and the request names none",
        )),
    }
}

#[cfg(test)]
mod tests;
