//! `PATCH /control/locks/{id}`.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use serde::Deserialize;
use uuid::Uuid;

use super::request::{ControlError, parse};
use super::world::{replace_world, set_if_given};
use crate::cloud::Cloud;
use crate::wire::json_answer;
use crate::world::Lock;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LockChange {
    privacy_mode: Option<bool>,
    online: Option<bool>,
    iq_id: Option<Uuid>,
    open_seconds: Option<u32>,
}

pub(super) async fn change_lock(
    State(cloud): State<Arc<Cloud>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, ControlError> {
    let lock = apply_lock_change(&cloud, &id, parse(&body)?)?;
    Ok(json_answer(StatusCode::OK, &lock))
}

/// Changes a lock, and returns it as it is then.
pub(crate) fn apply_lock_change(
    cloud: &Cloud,
    id: &str,
    change: LockChange,
) -> Result<Lock, ControlError> {
    let not_found = || ControlError::not_found("lock", id);
    let lock_id: Uuid = id.parse().map_err(|_| not_found())?;
    let mut state = cloud.state();
    let mut world = state.world.clone();
    let mut locks = world.sites.iter_mut().flat_map(|site| &mut site.locks);
    let lock = locks.find(|lock| lock.id == lock_id).ok_or_else(not_found)?;
    set_if_given(&mut lock.privacy_mode, change.privacy_mode);
    set_if_given(&mut lock.online, change.online);
    set_if_given(&mut lock.iq_id, change.iq_id.map(Some));
    set_if_given(&mut lock.open_seconds, change.open_seconds.map(Some));
    let changed = lock.clone();
    replace_world(&mut state, world)?;
    if let Some(lock) = state.locks.get_mut(&lock_id) {
        lock.iq = changed.iq_id;
    }
    Ok(changed)
}
