//! `/control`: what tests and people switch and read.

mod body;
mod doors;
mod events;
mod faults;
mod lists;
mod state;
mod tokens;
mod world;

use std::sync::Arc;

use axum::Router;
use axum::routing::{delete, get, patch, post};

use crate::cloud::Cloud;

pub(crate) fn routes() -> Router<Arc<Cloud>> {
    Router::new()
        .route("/control/health", get(state::health))
        .route("/control/clock", get(state::clock).put(state::set_clock))
        .route("/control/reset", post(state::reset))
        .route("/control/openings", get(lists::openings))
        .route("/control/commands", get(lists::commands))
        .route("/control/mailbox", get(lists::mailbox))
        .route("/control/digital-keys", get(lists::digital_keys))
        .route("/control/counters", get(lists::counters))
        .route("/control/events", get(events::events))
        .route("/control/doors", get(doors::doors))
        .route("/control/faults", get(faults::list).post(faults::add).delete(faults::clear))
        .route("/control/faults/{id}", delete(faults::remove))
        .route("/control/tokens/revoke", post(tokens::revoke))
        .route("/control/world", get(world::world))
        .route("/control/settings", get(world::settings).patch(world::change_settings))
        .route("/control/iqs/{id}", patch(world::change_iq))
        .route("/control/accounts/{username}", patch(world::change_account))
}
