//! `GET` and `PATCH /control/settings`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::request::{ControlError, parse};
use super::world::replace_world;
use crate::cloud::Cloud;
use crate::wire::json_answer;

pub(super) async fn settings(State(cloud): State<Arc<Cloud>>) -> Response {
    json_answer(StatusCode::OK, &cloud.state().world.settings)
}

/// Changes the settings in the body and keeps the others.
pub(super) async fn change_settings(
    State(cloud): State<Arc<Cloud>>,
    body: Bytes,
) -> Result<Response, ControlError> {
    let changes: Map<String, Value> = parse(&body)?;
    let mut state = cloud.state();
    let mut settings = json!(state.world.settings);
    for (name, value) in changes {
        settings[name] = value;
    }
    let mut world = state.world.clone();
    world.settings = serde_json::from_value(settings)
        .map_err(|error| ControlError::bad_request(error.to_string()))?;
    replace_world(&mut state, world)?;
    Ok(json_answer(StatusCode::OK, &state.world.settings))
}
