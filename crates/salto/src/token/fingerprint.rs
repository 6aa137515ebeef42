//! Fingerprints of the settings that a token depends on, so that a token of other credentials is not
//! used.

use secrecy::ExposeSecret;
use sha1::{Digest, Sha1};

use crate::environment::Environment;
use crate::environment::account::{Account, SignIn};

/// The fingerprints of an account. They are stored encrypted only.
pub(super) struct Fingerprints {
    /// Of all settings in a token request; not of refresh tokens.
    pub(super) credentials: String,
    /// For a sign-in by the browser: of the identity provider and the client, which a login depends on.
    /// A change of the client's secret does not change it.
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
