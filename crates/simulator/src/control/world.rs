//! `GET /control/world`, and how a change of the world takes effect.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::request::ControlError;
use crate::cloud::{Cloud, CloudState};
use crate::wire::json_answer;
use crate::world::World;

pub(super) async fn world(State(cloud): State<Arc<Cloud>>) -> Response {
    json_answer(StatusCode::OK, &cloud.state().world)
}

/// Replaces the world, provided that the new one has no mistakes. The change must keep ids and the
/// order of lists.
pub(super) fn replace_world(state: &mut CloudState, world: World) -> Result<(), ControlError> {
    world.check().map_err(|error| ControlError::bad_request(error.to_string()))?;
    state.world = world;
    Ok(())
}

/// Sets a member that the body of a change has.
pub(super) fn set_if_given<T>(member: &mut T, given: Option<T>) {
    if let Some(value) = given {
        *member = value;
    }
}
