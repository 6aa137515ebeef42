//! Health, the clock, and starting over.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;

use super::body::{ControlError, parse};
use crate::answer::{empty_answer, json_answer};
use crate::clock::MAX_OFFSET_SECONDS;
use crate::cloud::Cloud;

pub(super) async fn health() -> Response {
    json_answer(StatusCode::OK, &json!({"status": "ok"}))
}

pub(super) async fn clock(State(cloud): State<Arc<Cloud>>) -> Response {
    let clock = &cloud.clock;
    let body = json!({"offset_seconds": clock.offset_seconds(), "now": clock.now()});
    json_answer(StatusCode::OK, &body)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockOrder {
    offset_seconds: i64,
}

pub(super) async fn set_clock(
    State(cloud): State<Arc<Cloud>>,
    body: Bytes,
) -> Result<Response, ControlError> {
    let order: ClockOrder = parse(&body)?;
    if order.offset_seconds.unsigned_abs() > MAX_OFFSET_SECONDS.unsigned_abs() {
        return Err(ControlError::bad("offset_seconds must be within ten years"));
    }
    cloud.clock.set_offset_seconds(order.offset_seconds);
    Ok(clock(State(cloud)).await)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ResetOrder {
    #[serde(default)]
    world: bool,
}

/// Forgets records and faults; with `world` also what was changed, every token and every block,
/// and the clock's offset.
pub(super) async fn reset(
    State(cloud): State<Arc<Cloud>>,
    body: Bytes,
) -> Result<Response, ControlError> {
    let order: ResetOrder = parse(&body)?;
    if order.world {
        cloud.start_anew();
        cloud.clock.set_offset_seconds(0);
    } else {
        let mut live = cloud.live();
        live.records.clear();
        live.faults.clear();
    }
    Ok(empty_answer(StatusCode::NO_CONTENT))
}
