//! The routes of the Connect API (`docs/salto-ks.md`, Connect API).

mod activation;
mod caller;
mod entries;
mod guest_keys;
mod hub;
mod hub_session;
mod iqs;
mod json_body;
mod list_query;
mod lock_settings;
mod locks;
mod me;
mod rights;
mod sites;
mod unlock;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::{get, patch, post};
use serde_json::json;

use crate::cloud::Cloud;
use crate::wire::{empty_answer, json_answer};

pub(crate) fn routes() -> Router<Arc<Cloud>> {
    Router::new()
        .route("/v1.2/sites", get(sites::list))
        .route("/v1.2/sites/{site}", get(sites::one))
        .route("/v1.2/me", get(me::account))
        .route("/v1.2/sites/{site}/me", get(me::at_site))
        .route("/v1.2/me/{site}/activated_iqs", get(me::activated_iqs))
        .route("/v1.2/sites/{site}/iqs", get(iqs::list))
        .route("/v1.2/sites/{site}/iqs/{iq}/secret", get(activation::secret))
        .route(
            "/v1.2/sites/{site}/iqs/{iq}/pin",
            get(activation::send_pin).put(activation::change_pin),
        )
        .route("/v1.2/sites/{site}/locks", get(locks::list))
        .route("/v1.2/sites/{site}/locks/{lock}/settings", get(lock_settings::one))
        .route("/v1.2/sites/{site}/locks/{lock}/locking", patch(unlock::unlock))
        .route("/v1.2/sites/{site}/access_codes", post(guest_keys::create_access_code))
        .route("/v1.2/digital_keys", post(guest_keys::create_digital_key))
        .route("/v1.1/sites/{site}/entries", get(entries::list))
        .route("/v1/hub/entries/negotiate", post(hub::negotiate))
        .route("/v1/hub/entries", get(hub::connect))
}

/// The answer for an unknown path. v2 paths answer in the form of RFC 7807.
pub(crate) async fn not_found(request: Request) -> Response {
    if !request.uri().path().starts_with("/v2/") {
        return empty_answer(StatusCode::NOT_FOUND);
    }
    let problem = json!({"type": "about:blank", "title": "Not Found", "status": 404});
    let mut response = json_answer(StatusCode::NOT_FOUND, &problem);
    let media_type = HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    response
}
