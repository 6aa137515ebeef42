//! `POST /control/bookings`, `POST` and `GET /control/rings`.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use bytes::Bytes;
use serde_json::json;

use super::request::{ControlError, parse};
use crate::booking_system::{BookingSystem, BookingSystemError};
use crate::wire::json_answer;

pub(crate) fn routes() -> Router<Arc<BookingSystem>> {
    Router::new()
        .route("/control/bookings", post(book))
        .route("/control/rings", get(rings).post(ring))
}

async fn book(
    State(booking_system): State<Arc<BookingSystem>>,
    body: Bytes,
) -> Result<Response, ControlError> {
    let id = booking_system.book(&parse(&body)?).await?;
    Ok(json_answer(StatusCode::CREATED, &json!({"id": id})))
}

async fn ring(
    State(booking_system): State<Arc<BookingSystem>>,
    body: Bytes,
) -> Result<Response, ControlError> {
    let id = booking_system.ring(&parse(&body)?).await?;
    Ok(json_answer(StatusCode::CREATED, &json!({"id": id})))
}

async fn rings(State(booking_system): State<Arc<BookingSystem>>) -> Response {
    json_answer(StatusCode::OK, &json!({"rings": booking_system.rings()}))
}

impl From<BookingSystemError> for ControlError {
    fn from(error: BookingSystemError) -> Self {
        let status = match &error {
            BookingSystemError::NotValid(_) => StatusCode::BAD_REQUEST,
            BookingSystemError::NoBroker => StatusCode::CONFLICT,
            BookingSystemError::Broker(_)
            | BookingSystemError::Returned
            | BookingSystemError::Refused
            | BookingSystemError::Silent => StatusCode::BAD_GATEWAY,
        };
        Self { status, message: error.to_string() }
    }
}
