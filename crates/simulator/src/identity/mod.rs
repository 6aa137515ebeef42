//! The identity provider: `/connect/authorize` with its login page, `/connect/token`, and the
//! discovery document.

mod access_code;
mod authorize;
mod client;
mod discovery;
mod error;
mod form;
mod login;
mod pkce;
mod scope;
mod token;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use crate::cloud::Cloud;

pub(crate) fn routes() -> Router<Arc<Cloud>> {
    Router::new()
        .route("/connect/authorize", get(login::page).post(login::sign_in))
        .route("/connect/token", post(token::token))
        .route("/.well-known/openid-configuration", get(discovery::discovery))
}
