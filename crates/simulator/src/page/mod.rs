//! The page at `/`: the doors with the state that they have now, what can be done to them, and the commands as they arrive.
//!
//! It works without its script, which keeps it up to date and sends the forms without loading the page anew.

mod answer;
mod doors;
mod forms;
mod records;
mod render;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use self::answer::answer;
use self::view::PageView;
use crate::booking_system::BookingSystem;

pub(crate) fn routes() -> Router<Arc<BookingSystem>> {
    Router::new()
        .route("/page/iqs/{id}", post(forms::iq))
        .route("/page/locks/{id}", post(forms::lock))
        .route("/page/clock", post(forms::clock))
        .route("/page/bookings", post(forms::book))
        .route("/page/rings", post(forms::ring))
        .layer(from_fn(forms::refuse_other_sites))
        .route("/", get(page))
        .route("/page/style.css", get(style))
        .route("/page/script.js", get(script))
}

/// What is said above the page after a form was sent.
#[derive(Default, Deserialize)]
struct Said {
    said: Option<String>,
}

async fn page(
    State(booking_system): State<Arc<BookingSystem>>,
    Query(Said { said }): Query<Said>,
) -> Response {
    // Only words of our own: anybody can make a link.
    let said =
        said.as_deref().and_then(|code| forms::SAID.iter().find(|(known, _)| *known == code));
    let mut view = PageView::of(&booking_system);
    view.said = said.map(|(_, text)| *text);
    answer(StatusCode::OK, &view)
}

async fn style() -> impl IntoResponse {
    file("text/css; charset=utf-8", include_str!("style.css"))
}

async fn script() -> impl IntoResponse {
    file("text/javascript; charset=utf-8", include_str!("script.js"))
}

fn file(
    content_type: &'static str,
    text: &'static str,
) -> ([(HeaderName, &'static str); 2], &'static str) {
    ([(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, "no-cache")], text)
}
