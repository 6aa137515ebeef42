//! The Connect API.

mod activation;
mod bearer;
mod entries;
mod guest_keys;
mod iqs;
mod json_body;
mod lists;
mod locking;
mod locks;
mod me;
mod refusal;
mod rights;
mod sites;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::{get, patch, post};
use serde_json::json;

pub(crate) use self::bearer::bearer_token;
pub(crate) use self::refusal::{Verdict, render};
use crate::answer::{empty_answer, json_answer};
use crate::cloud::Cloud;

pub(crate) fn routes() -> Router<Arc<Cloud>> {
    Router::new()
        .route("/v1.2/sites", get(sites::list))
        .route("/v1.2/sites/{site}", get(sites::one))
        .route("/v1.2/sites/{site}/me", get(me::at_site))
        .route("/v1.2/me/{site}/activated_iqs", get(me::activated_iqs))
        .route("/v1.2/sites/{site}/iqs", get(iqs::list))
        .route("/v1.2/sites/{site}/iqs/{iq}/secret", get(activation::secret))
        .route(
            "/v1.2/sites/{site}/iqs/{iq}/pin",
            get(activation::send_pin).put(activation::change_pin),
        )
        .route("/v1.2/sites/{site}/locks", get(locks::list))
        .route("/v1.2/sites/{site}/locks/{lock}/locking", patch(locking::locking))
        .route("/v1.2/sites/{site}/access_codes", post(guest_keys::access_code))
        .route("/v1.2/digital_keys", post(guest_keys::digital_key))
        .route("/v1.1/sites/{site}/entries", get(entries::list))
}

/// Where nothing is. v2 paths answer RFC 7807. [M]
pub(crate) async fn nothing_here(request: Request) -> Response {
    if !request.uri().path().starts_with("/v2/") {
        return empty_answer(StatusCode::NOT_FOUND);
    }
    let problem = json!({"type": "about:blank", "title": "Not Found", "status": 404});
    let mut response = json_answer(StatusCode::NOT_FOUND, &problem);
    let media_type = HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    response
}
