//! The routes of the identity provider: `/connect/authorize` with its login page, `/connect/token`,
//! and the discovery document (`docs/salto-ks.md`, Tokens).

mod access_code_grant;
mod authorization_request;
mod credentials;
mod discovery;
mod form;
mod grant_type;
mod login;
mod oauth_error;
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
