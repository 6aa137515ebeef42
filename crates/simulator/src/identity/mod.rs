//! The identity provider: `/connect/token` and the discovery document.

mod client;
mod discovery;
mod error;
mod form;
mod token;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use crate::cloud::Cloud;

pub(crate) fn routes() -> Router<Arc<Cloud>> {
    Router::new()
        .route("/connect/token", post(token::token))
        .route("/.well-known/openid-configuration", get(discovery::discovery))
}
