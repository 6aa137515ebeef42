//! Where Salto KS is and who calls it: the environment's hosts and client, an integration's account.

use std::str::FromStr;

use oauth2::RedirectUrl;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::guest_key::GuestKeys;
use crate::otp::OtpScheme;

/// The scope asked for where nothing else is configured \[S1\].
pub const DEFAULT_SCOPE: &str = "user_api.full_access";

/// One Salto KS environment: its hosts and the platform's OAuth client. Accounts, sites and IQs are
/// separate in each \[S2\].
#[derive(Debug, Clone)]
pub struct Environment {
    /// The name the configuration gives it.
    pub name: String,
    /// The identity provider, `…/connect/token` below it.
    pub identity_url: Url,
    /// The Connect API, `…/v1.2` below it.
    pub api_url: Url,
    /// The OAuth client's id.
    pub client_id: String,
    /// The OAuth client's secret; a public client has none \[S1\].
    pub client_secret: Option<SecretString>,
    /// The scope of the tokens; with `offline_access` in it Salto gives refresh tokens too \[S1\].
    /// Sign-ins by the browser ask for that in any case.
    pub scope: String,
    /// Digital Key for Guests, where it is used.
    pub guest_keys: Option<GuestKeys>,
}

impl Environment {
    /// Identity and API address of `acceptance` and `production` \[S2\]; `None` for other names.
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

    pub(crate) fn client_secret(&self) -> Option<&str> {
        self.client_secret.as_ref().map(ExposeSecret::expose_secret)
    }

    /// Whether all of it is the same.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.name == other.name
            && self.identity_url == other.identity_url
            && self.api_url == other.api_url
            && self.client_id == other.client_id
            && self.client_secret() == other.client_secret()
            && self.scope == other.scope
            && self.guest_keys == other.guest_keys
    }
}

/// The user of an integration and the site it opens doors at \[S1\].
#[derive(Debug, Clone)]
pub struct Account {
    /// How it signs in.
    pub sign_in: SignIn,
    /// The site as people write it, e.g. `NL6254340082` \[S2\].
    pub site_uid: String,
    /// How this account's one-time passwords are computed.
    pub otp_scheme: OtpScheme,
}

impl Account {
    /// Whether all of it is the same.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.sign_in.is_same(&other.sign_in)
            && self.site_uid == other.site_uid
            && self.otp_scheme == other.otp_scheme
    }
}

/// How an integration's user signs in \[S1\].
#[derive(Debug, Clone)]
pub enum SignIn {
    /// A system user, by the `password` grant.
    Password {
        /// The system user's name, a mail address.
        username: String,
        /// Its password.
        password: SecretString,
    },
    /// A person, once, at Salto's login page (`authorization_code` with PKCE); from then on the
    /// refresh token counts. No password passes through here.
    Browser {
        /// Where the login page sends the browser back to, exactly as it is registered for the
        /// client.
        redirect_uri: RedirectUri,
    },
}

/// A registered redirect URI: an absolute URL, letter for letter, as Salto compares it so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectUri(RedirectUrl);

impl RedirectUri {
    /// As it is registered.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Read as a URL.
    #[must_use]
    pub fn url(&self) -> &Url {
        self.0.url()
    }

    pub(crate) fn as_oauth(&self) -> &RedirectUrl {
        &self.0
    }
}

impl FromStr for RedirectUri {
    type Err = url::ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        RedirectUrl::new(text.to_owned()).map(Self)
    }
}

impl SignIn {
    /// The OAuth grant that it begins with \[S1\].
    #[must_use]
    pub const fn grant(&self) -> &'static str {
        match self {
            Self::Password { .. } => "password",
            Self::Browser { .. } => "authorization_code",
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Password { username: one, password: of_one },
                Self::Password { username: other, password: of_other },
            ) => one == other && of_one.expose_secret() == of_other.expose_secret(),
            (Self::Browser { redirect_uri: one }, Self::Browser { redirect_uri: other }) => {
                one == other
            }
            (Self::Password { .. }, Self::Browser { .. })
            | (Self::Browser { .. }, Self::Password { .. }) => false,
        }
    }
}

/// `base` with further path segments, each percent-encoded.
pub(crate) fn below(base: &Url, segments: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_builtin_environments_are_known_and_no_others() {
        let (identity, api) = Environment::builtin_urls("acceptance").unwrap();
        assert_eq!(identity.as_str(), "https://identity-acc.eu.my-clay.com/");
        assert_eq!(api.as_str(), "https://clp-accept-user.my-clay.com/");
        assert!(Environment::builtin_urls("production").is_some());
        assert!(Environment::builtin_urls("staging").is_none());
    }

    #[test]
    fn a_path_is_appended_whatever_the_base_and_the_segment() {
        let base = Url::parse("http://127.0.0.1:1/salto/").unwrap();
        assert_eq!(below(&base, &["v1.2", "a/b?c"]).path(), "/salto/v1.2/a%2Fb%3Fc");
        let bare = Url::parse("http://127.0.0.1:1").unwrap();
        assert_eq!(below(&bare, &["sites"]).path(), "/sites");
    }

    #[test]
    fn secrets_do_not_show() {
        let account = Account {
            sign_in: SignIn::Password { username: "u".into(), password: "open sesame".into() },
            site_uid: "NL1".into(),
            otp_scheme: OtpScheme::SaltoKs,
        };
        assert!(!format!("{account:?}").contains("sesame"));
    }
}
