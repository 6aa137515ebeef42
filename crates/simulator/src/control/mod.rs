//! The routes of the control API under `/control`, by which tests and people read and change the
//! cloud.

mod account_changes;
mod announce;
mod booking_system;
mod clock;
mod doors;
mod event_stream;
mod fault_list;
mod iq_changes;
mod lock_changes;
mod records;
mod request;
mod reset;
mod settings;
mod token_revocation;
mod world;

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{delete, get, patch, post};
use serde_json::json;

pub(crate) use self::announce::announce_changes;
pub(crate) use self::booking_system::routes as booking_system_routes;
pub(crate) use self::clock::{ClockRequest, apply_offset};
pub(crate) use self::iq_changes::{IqChange, apply_iq_change};
pub(crate) use self::lock_changes::{LockChange, apply_lock_change};
pub(crate) use self::request::ControlError;
use crate::cloud::Cloud;
use crate::wire::json_answer;

pub(crate) fn routes() -> Router<Arc<Cloud>> {
    Router::new()
        .route("/control/health", get(health))
        .route("/control/clock", get(clock::clock).put(clock::set_clock))
        .route("/control/reset", post(reset::reset))
        .route("/control/openings", get(records::openings))
        .route("/control/commands", get(records::commands))
        .route("/control/mailbox", get(records::mailbox))
        .route("/control/digital-keys", get(records::digital_keys))
        .route("/control/counters", get(records::counters))
        .route("/control/events", get(event_stream::events))
        .route("/control/doors", get(doors::doors))
        .route(
            "/control/faults",
            get(fault_list::list).post(fault_list::add).delete(fault_list::clear),
        )
        .route("/control/faults/{id}", delete(fault_list::remove))
        .route("/control/tokens/revoke", post(token_revocation::revoke))
        .route("/control/world", get(world::world))
        .route("/control/settings", get(settings::settings).patch(settings::change_settings))
        .route("/control/iqs/{id}", patch(iq_changes::change_iq))
        .route("/control/locks/{id}", patch(lock_changes::change_lock))
        .route("/control/accounts/{username}", patch(account_changes::change_account))
}

async fn health() -> Response {
    json_answer(StatusCode::OK, &json!({"status": "ok"}))
}
