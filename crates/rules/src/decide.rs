//! The rule: whether a door may open now (`docs/contract.md`, The rule).

use crate::{Booking, BookingStates, IntegrationRules, LockRef, RejectedReason, Window};
use chrono::{DateTime, Utc};

/// An open request, as far as the rules need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The object whose door is to open; needed where the booking has several.
    pub object_id: Option<String>,
    /// When the request was first taken from the queue.
    pub taken_at: DateTime<Utc>,
    /// The first instant at which no door may open for it any more.
    pub expires_at: DateTime<Utc>,
}

/// The result of the rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The door may open now.
    Open(Opening),
    /// The rules say no.
    Rejected(Rejection),
    /// The rules say yes, but the request expired after it was taken. The answer is the outcome of
    /// its last attempt.
    Expired(Opening),
}

/// The door to open, and what its events report once it has opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// The booked object.
    pub object_id: String,
    /// Its lock.
    pub lock: LockRef,
    /// The booking field that takes the time of the opening.
    pub record_in_field: Option<String>,
    /// The status that the booking gets with its first opening.
    pub check_in_status: Option<String>,
    /// The window of the booking: no command may leave once it is over.
    pub window: Window,
}

/// A rule that says no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// The code.
    pub reason: RejectedReason,
    /// The explanation for people, without personal data.
    pub detail: String,
    /// With `too_early`: the beginning of the window.
    pub opens_at: Option<DateTime<Utc>>,
}

impl Rejection {
    fn new(reason: RejectedReason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into(), opens_at: None }
    }
}

/// Decides a request by the newest known states of its booking. Each rule must hold for every tied
/// state; the first rule that does not is the answer, whichever state it fails for.
///
/// A request that had expired when it was taken is not checked any further: any other answer would
/// describe a moment at which the guest no longer waits at the door.
#[must_use]
pub fn decide(
    now: DateTime<Utc>,
    integration: Option<&IntegrationRules>,
    booking: Option<&BookingStates>,
    request: &Request,
) -> Decision {
    match check(now, integration, booking, request) {
        Err(rejection) => Decision::Rejected(rejection),
        Ok(opening) if in_time(now, request) => Decision::Open(opening),
        Ok(opening) => Decision::Expired(opening),
    }
}

fn check(
    now: DateTime<Utc>,
    integration: Option<&IntegrationRules>,
    booking: Option<&BookingStates>,
    request: &Request,
) -> Result<Opening, Rejection> {
    taken_in_time(request)?;
    let integration = integration_known(integration)?;
    integration_active(integration)?;
    let booking = booking_known(booking)?;
    status_allowed(integration, booking)?;
    let window = Window::of(Some(integration), booking);
    window_begun(now, window)?;
    window_not_over(now, window)?;
    let object_id = object_booked(Some(integration), booking, request)?;
    let lock = lock_mapped(integration, &object_id)?.clone();
    Ok(Opening {
        object_id,
        lock,
        record_in_field: integration.record_opened_at_in.clone(),
        check_in_status: integration.check_in_status.clone(),
        window,
    })
}

pub(crate) fn taken_in_time(request: &Request) -> Result<(), Rejection> {
    if request.taken_at >= request.expires_at {
        let detail = "the request had expired before it was taken";
        return Err(Rejection::new(RejectedReason::RequestExpired, detail));
    }
    Ok(())
}

/// Whether the request has not expired yet.
pub(crate) fn in_time(now: DateTime<Utc>, request: &Request) -> bool {
    now < request.expires_at
}

pub(crate) fn integration_known(
    integration: Option<&IntegrationRules>,
) -> Result<&IntegrationRules, Rejection> {
    integration.ok_or_else(|| {
        let detail = "no integration with this id is configured";
        Rejection::new(RejectedReason::IntegrationUnknown, detail)
    })
}

pub(crate) fn integration_active(integration: &IntegrationRules) -> Result<(), Rejection> {
    if !integration.active {
        let detail = "the integration is switched off";
        return Err(Rejection::new(RejectedReason::IntegrationInactive, detail));
    }
    Ok(())
}

pub(crate) fn booking_known(booking: Option<&BookingStates>) -> Result<&BookingStates, Rejection> {
    booking.ok_or_else(|| {
        let detail = "no status of this booking has been received";
        Rejection::new(RejectedReason::BookingUnknown, detail)
    })
}

pub(crate) fn status_allowed(
    integration: &IntegrationRules,
    booking: &BookingStates,
) -> Result<(), Rejection> {
    if !booking.is_complete() {
        let detail = format!(
            "more than {} different states of the booking have the same version",
            BookingStates::MAX
        );
        return Err(Rejection::new(RejectedReason::StatusNotAllowed, detail));
    }
    if !booking.all().iter().all(|state| integration.status_opens(&state.status)) {
        let detail = "the booking's status is not one that opens doors";
        return Err(Rejection::new(RejectedReason::StatusNotAllowed, detail));
    }
    Ok(())
}

/// Exact to the instant.
pub(crate) fn window_begun(now: DateTime<Utc>, window: Window) -> Result<(), Rejection> {
    if !window.has_begun(now) {
        let detail = "the booking's window has not begun";
        let early = Rejection::new(RejectedReason::TooEarly, detail);
        return Err(Rejection { opens_at: Some(window.opens_at), ..early });
    }
    Ok(())
}

/// Exact to the instant.
pub(crate) fn window_not_over(now: DateTime<Utc>, window: Window) -> Result<(), Rejection> {
    if window.is_over(now) {
        return Err(Rejection::new(RejectedReason::TooLate, "the booking has ended"));
    }
    Ok(())
}

pub(crate) fn lock_mapped<'a>(
    integration: &'a IntegrationRules,
    object_id: &str,
) -> Result<&'a LockRef, Rejection> {
    integration.lock_of(object_id).ok_or_else(|| {
        let detail = "the object has no lock in the mapping and there is no default lock";
        Rejection::new(RejectedReason::NoLockMapped, detail)
    })
}

pub(crate) fn object_booked(
    integration: Option<&IntegrationRules>,
    booking: &BookingStates,
    request: &Request,
) -> Result<String, Rejection> {
    let belongs = |wanted: &String, state: &Booking| {
        state.object_ids.contains(wanted)
            || integration.is_some_and(|integration| integration.comes_with(wanted, state))
    };
    match &request.object_id {
        Some(wanted) if booking.all().iter().all(|state| belongs(wanted, state)) => {
            Ok(wanted.clone())
        }
        Some(_) => Err(Rejection::new(
            RejectedReason::ObjectNotInBooking,
            "the object asked for does not belong to the booking",
        )),
        None => booking.only_object().map(str::to_owned).ok_or_else(|| {
            let detail = "the booking has several objects and the request names none";
            Rejection::new(RejectedReason::ObjectAmbiguous, detail)
        }),
    }
}
