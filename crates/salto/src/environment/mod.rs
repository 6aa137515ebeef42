//! A Salto KS environment: its hosts and the platform's OAuth client.

pub(crate) mod account;
pub(crate) mod api_path;
pub(crate) mod guest_keys;
pub(crate) mod url;

use ::url::Url;
use secrecy::{ExposeSecret, SecretString};

use self::guest_keys::GuestKeys;

/// The scope that is asked for where the configuration names none (`docs/salto-ks.md`, Tokens).
pub const DEFAULT_SCOPE: &str = "user_api.full_access";

/// One Salto KS environment: its hosts and the platform's OAuth client. Each environment has accounts,
/// sites and IQs of its own (`docs/salto-ks.md`, Environments).
#[derive(Debug, Clone)]
pub struct Environment {
    /// The name in the configuration.
    pub name: String,
    /// The identity provider; `connect/token` is below it.
    pub identity_url: Url,
    /// The Connect API; `v1.2` is below it.
    pub api_url: Url,
    /// The event stream; `v1/hub` is below it. Without it, openings cannot be confirmed by the stream
    /// (`docs/salto-ks.md`, The event stream).
    pub events_url: Option<Url>,
    /// The OAuth client's id.
    pub client_id: String,
    /// The OAuth client's secret; a public client has none (`docs/salto-ks.md`, Tokens).
    pub client_secret: Option<SecretString>,
    /// The scope of the tokens. With `offline_access` in it Salto gives refresh tokens too
    /// (`docs/salto-ks.md`, Tokens); sign-ins by the browser always ask for that one.
    pub scope: String,
    /// The settings of Digital Key for Guests, where it is used.
    pub guest_keys: Option<GuestKeys>,
}

impl Environment {
    /// Identity and API address of `acceptance` and `production` (`docs/salto-ks.md`, Environments);
    /// `None` for other names.
    #[must_use]
    pub fn builtin_urls(name: &str) -> Option<(Url, Url)> {
        let (identity, api) = match name {
            "acceptance" => {
                ("https://identity-acc.eu.my-clay.com", "https://clp-accept-user.my-clay.com")
            }
            "production" => ("https://identity.eu.my-clay.com", "https://connect.my-clay.com"),
            _ => return None,
        };
        Some((Url::parse(identity).ok()?, Url::parse(api).ok()?))
    }

    /// The address of the event stream of `acceptance` and `production` (`docs/salto-ks.md`, The event
    /// stream); `None` for other names.
    #[must_use]
    pub fn builtin_events_url(name: &str) -> Option<Url> {
        let url = match name {
            "acceptance" => "https://eventstreaming-connect-accept.saltoks.com",
            "production" => "https://eventstreaming-connect-production.saltoks.com",
            _ => return None,
        };
        Url::parse(url).ok()
    }

    pub(crate) fn client_secret(&self) -> Option<&str> {
        self.client_secret.as_ref().map(ExposeSecret::expose_secret)
    }

    /// Whether every setting is the same, secrets included.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.name == other.name
            && self.identity_url == other.identity_url
            && self.api_url == other.api_url
            && self.events_url == other.events_url
            && self.client_id == other.client_id
            && self.client_secret() == other.client_secret()
            && self.scope == other.scope
            && self.guest_keys == other.guest_keys
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builtin_urls_exist_for_acceptance_and_production_only() {
        let (identity, api) = Environment::builtin_urls("acceptance").unwrap();
        assert_eq!(identity.as_str(), "https://identity-acc.eu.my-clay.com/");
        assert_eq!(api.as_str(), "https://clp-accept-user.my-clay.com/");
        assert!(Environment::builtin_urls("production").is_some());
        assert!(Environment::builtin_urls("staging").is_none());
    }
}
