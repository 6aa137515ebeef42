//! The account of an integration: its user, its site and the scheme of its one-time passwords.

use std::str::FromStr;

use oauth2::RedirectUrl;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::otp::OtpScheme;

/// The user of an integration and the site where it opens doors (`docs/salto-ks.md`, Tokens).
#[derive(Debug, Clone)]
pub struct Account {
    /// How the user signs in.
    pub sign_in: SignIn,
    /// The site UID that people use, e.g. `NL6254340082` (`docs/salto-ks.md`, i-Reserve's settings).
    pub site_uid: String,
    /// How one-time passwords of this account are computed.
    pub otp_scheme: OtpScheme,
}

impl Account {
    /// Whether every setting is the same, secrets included.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.sign_in.is_same(&other.sign_in)
            && self.site_uid == other.site_uid
            && self.otp_scheme == other.otp_scheme
    }
}

/// How an integration's user signs in (`docs/salto-ks.md`, Tokens).
#[derive(Debug, Clone)]
pub enum SignIn {
    /// A system user, by the `password` grant.
    Password {
        /// The system user's name, a mail address.
        username: String,
        /// The system user's password.
        password: SecretString,
    },
    /// A person, once, at Salto's login page (`authorization_code` with PKCE). The refresh token
    /// serves from then on; this process never has the password.
    Browser {
        /// The address that the login page sends the browser back to, exactly as it is registered
        /// for the client.
        redirect_uri: RedirectUri,
    },
}

impl SignIn {
    /// The OAuth grant of the first token (`docs/salto-ks.md`, Tokens).
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

/// A registered redirect URI: an absolute URL. The text is kept unchanged, because Salto compares it
/// character by character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectUri(RedirectUrl);

impl RedirectUri {
    /// The text as it is registered.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The parsed URL.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_shows_no_secret() {
        let account = Account {
            sign_in: SignIn::Password { username: "u".into(), password: "open sesame".into() },
            site_uid: "NL1".into(),
            otp_scheme: OtpScheme::SaltoKs,
        };
        assert!(!format!("{account:?}").contains("sesame"));
    }
}
