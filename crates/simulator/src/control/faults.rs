//! Faults on and off.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use serde_json::json;

use super::body::{ControlError, parse};
use crate::answer::{empty_answer, json_answer};
use crate::cloud::Cloud;
use crate::faults::FaultOrder;

pub(super) async fn list(State(cloud): State<Arc<Cloud>>) -> Response {
    let live = cloud.live();
    json_answer(StatusCode::OK, &json!({"faults": live.faults.all()}))
}

pub(super) async fn add(
    State(cloud): State<Arc<Cloud>>,
    body: Bytes,
) -> Result<Response, ControlError> {
    let order: FaultOrder = parse(&body)?;
    order.check().map_err(ControlError::bad)?;
    let fault = cloud.live().faults.add(order);
    Ok(json_answer(StatusCode::CREATED, &fault))
}

pub(super) async fn clear(State(cloud): State<Arc<Cloud>>) -> Response {
    let removed = cloud.live().faults.clear();
    json_answer(StatusCode::OK, &json!({"removed": removed}))
}

pub(super) async fn remove(
    State(cloud): State<Arc<Cloud>>,
    Path(id): Path<String>,
) -> Result<Response, ControlError> {
    let removed = id.parse().is_ok_and(|id| cloud.live().faults.remove(id));
    if removed {
        Ok(empty_answer(StatusCode::NO_CONTENT))
    } else {
        Err(ControlError::missing("fault"))
    }
}
