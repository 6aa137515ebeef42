//! `GET` and `PUT /control/clock`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;

use super::request::{ControlError, parse};
use crate::clock::MAX_OFFSET_SECONDS;
use crate::cloud::Cloud;
use crate::wire::json_answer;

pub(super) async fn clock(State(cloud): State<Arc<Cloud>>) -> Response {
    let clock = &cloud.clock;
    let body = json!({"offset_seconds": clock.offset_seconds(), "now": clock.now()});
    json_answer(StatusCode::OK, &body)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClockRequest {
    offset_seconds: i64,
}

pub(super) async fn set_clock(
    State(cloud): State<Arc<Cloud>>,
    body: Bytes,
) -> Result<Response, ControlError> {
    apply_offset(&cloud, &parse(&body)?)?;
    Ok(clock(State(cloud)).await)
}

/// Sets the clock's offset.
pub(crate) fn apply_offset(cloud: &Cloud, request: &ClockRequest) -> Result<(), ControlError> {
    let offset_seconds = request.offset_seconds;
    if offset_seconds.unsigned_abs() > MAX_OFFSET_SECONDS.unsigned_abs() {
        return Err(ControlError::bad_request(format!(
            "offset_seconds must be within ten years, from -{MAX_OFFSET_SECONDS} to \
             {MAX_OFFSET_SECONDS}, not {offset_seconds}"
        )));
    }
    cloud.clock.set_offset_seconds(offset_seconds);
    Ok(())
}
