//! `POST /control/reset`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use serde::Deserialize;

use super::request::{ControlError, parse};
use crate::cloud::Cloud;
use crate::wire::empty_answer;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ResetRequest {
    #[serde(default)]
    world: bool,
}

/// Deletes records and faults; with `world` also undoes every change of the world, deletes every token
/// and block, and resets the clock.
pub(super) async fn reset(
    State(cloud): State<Arc<Cloud>>,
    body: Bytes,
) -> Result<Response, ControlError> {
    let ResetRequest { world } = parse(&body)?;
    if world {
        cloud.reset();
        cloud.clock.set_offset_seconds(0);
    } else {
        let mut state = cloud.state();
        state.records.clear();
        state.faults.clear();
    }
    Ok(empty_answer(StatusCode::NO_CONTENT))
}
