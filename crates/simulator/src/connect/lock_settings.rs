//! `GET /sites/{id}/locks/{lock}/settings`. The name of its member is a decision: Salto's is not public.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::json;
use uuid::Uuid;

use super::{caller, rights};
use crate::cloud::Cloud;
use crate::wire::{Refusal, json_answer};

pub(super) async fn one(
    State(cloud): State<Arc<Cloud>>,
    Path((site, lock)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let state = cloud.state();
    let user = caller::user(&cloud, &state, &headers)?;
    let site = rights::site(&state, &user, &site)?;
    let lock_id: Uuid = lock.parse().map_err(|_| Refusal::IdInvalid)?;
    let lock = site.locks.iter().find(|lock| lock.id == lock_id);
    let lock = lock.ok_or(Refusal::LockNotFound)?;
    Ok(json_answer(StatusCode::OK, &json!({"open_time": state.open_seconds(lock)})))
}
