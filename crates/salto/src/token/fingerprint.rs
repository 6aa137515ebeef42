//! What a token depends on, so that one of other credentials is not used.

use secrecy::ExposeSecret;
use sha1::{Digest, Sha1};

use crate::environment::{Account, Environment, SignIn};

/// Kept sealed only.
pub(super) struct Fingerprints {
    /// Of everything that a token request is made with, but for refresh tokens.
    pub(super) credentials: String,
    /// Where a person signs in: of the identity provider and the client, which a login is good for.
    /// It outlives a change of the client's secret.
    pub(super) login: Option<String>,
}

impl Fingerprints {
    pub(super) fn of(environment: &Environment, account: &Account) -> Self {
        let client_secret = environment.client_secret().unwrap_or_default();
        let shared = [
            environment.identity_url.as_str(),
            environment.api_url.as_str(),
            &environment.client_id,
            client_secret,
            &environment.scope,
        ];
        match &account.sign_in {
            SignIn::Password { username, password } => Self {
                credentials: digest(
                    shared.into_iter().chain([&**username, password.expose_secret()]),
                ),
                login: None,
            },
            SignIn::Browser { .. } => Self {
                credentials: digest(shared),
                login: Some(digest([environment.identity_url.as_str(), &environment.client_id])),
            },
        }
    }
}

fn digest<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha1::new();
    for part in parts {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
