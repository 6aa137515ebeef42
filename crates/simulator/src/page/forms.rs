//! The page's forms. Each does what a call of the control API does, and leads back to the page.

use std::sync::Arc;

use axum::Form;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use super::answer::answer;
use super::view::PageView;
use crate::booking_system::{BookingRequest, BookingSystem, RingRequest};
use crate::control::{
    ClockRequest, ControlError, IqChange, LockChange, apply_iq_change, apply_lock_change,
    apply_offset,
};

/// What is said after each form, by a code for the page's address.
pub(super) const SAID: [(&str, &str); 5] = [
    ("iq", "The IQ is changed."),
    ("lock", "The lock is changed."),
    ("clock", "The clock is set."),
    ("booked", "The booking is published."),
    ("rung", "The bell has rung: the request is published."),
];

pub(super) async fn iq(
    State(page): State<Arc<BookingSystem>>,
    Path(id): Path<String>,
    Form(change): Form<IqChange>,
) -> Response {
    let changed = apply_iq_change(&page.cloud, &id, change);
    back(&page, changed.map(|_| ()), "iq", &format!("iq-{id}"))
}

pub(super) async fn lock(
    State(page): State<Arc<BookingSystem>>,
    Path(id): Path<String>,
    Form(change): Form<LockChange>,
) -> Response {
    let changed = apply_lock_change(&page.cloud, &id, change);
    back(&page, changed.map(|_| ()), "lock", &format!("lock-{id}"))
}

pub(super) async fn clock(
    State(page): State<Arc<BookingSystem>>,
    Form(request): Form<ClockRequest>,
) -> Response {
    let set = apply_offset(&page.cloud, &request);
    back(&page, set, "clock", "clock")
}

pub(super) async fn book(
    State(page): State<Arc<BookingSystem>>,
    Form(request): Form<BookingRequest>,
) -> Response {
    page.remember_form(&request);
    let booked = page.book(&request).await;
    back(&page, booked.map(|_| ()).map_err(ControlError::from), "booked", "guest")
}

/// The guest's form is that of a booking.
pub(super) async fn ring(
    State(page): State<Arc<BookingSystem>>,
    Form(form): Form<BookingRequest>,
) -> Response {
    page.remember_form(&form);
    let BookingRequest { integration, booking, object, .. } = form;
    let rung = page.ring(&RingRequest { integration, booking, object: Some(object) }).await;
    back(&page, rung.map(|_| ()).map_err(ControlError::from), "rung", "guest")
}

/// 303 to the place on the page, or the page with the error message.
fn back(
    booking_system: &BookingSystem,
    result: Result<(), ControlError>,
    said: &str,
    place: &str,
) -> Response {
    match result {
        Ok(()) => Redirect::to(&format!("/?said={said}#{place}")).into_response(),
        Err(ControlError { status, message }) => {
            let mut view = PageView::of(booking_system);
            view.problem = Some(message);
            answer(status, &view)
        }
    }
}

/// A form on another site must not act here. Browsers say where a form comes from.
pub(super) async fn refuse_other_sites(request: Request, next: Next) -> Response {
    let from = request.headers().get("sec-fetch-site");
    if from.is_none_or(|from| from == "same-origin" || from == "none") {
        return next.run(request).await;
    }
    (StatusCode::FORBIDDEN, "Forms of other sites are refused.").into_response()
}
