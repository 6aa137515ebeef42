//! `/control/faults`: the faults that are on.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use serde_json::json;

use super::request::{ControlError, parse};
use crate::cloud::Cloud;
use crate::faults::FaultSpec;
use crate::wire::{empty_answer, json_answer};

pub(super) async fn list(State(cloud): State<Arc<Cloud>>) -> Response {
    let state = cloud.state();
    json_answer(StatusCode::OK, &json!({"faults": state.faults.all()}))
}

pub(super) async fn add(
    State(cloud): State<Arc<Cloud>>,
    body: Bytes,
) -> Result<Response, ControlError> {
    let spec: FaultSpec = parse(&body)?;
    spec.check().map_err(ControlError::bad_request)?;
    let fault = cloud.state().faults.add(spec);
    Ok(json_answer(StatusCode::CREATED, &fault))
}

pub(super) async fn clear(State(cloud): State<Arc<Cloud>>) -> Response {
    let removed = cloud.state().faults.clear();
    json_answer(StatusCode::OK, &json!({"removed": removed}))
}

pub(super) async fn remove(
    State(cloud): State<Arc<Cloud>>,
    Path(id): Path<String>,
) -> Result<Response, ControlError> {
    let removed = id.parse().is_ok_and(|id| cloud.state().faults.remove(id));
    if removed {
        Ok(empty_answer(StatusCode::NO_CONTENT))
    } else {
        Err(ControlError::not_found("fault", &id))
    }
}
