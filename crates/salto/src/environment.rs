//! Where Salto KS is and who calls it: the environment's hosts and client, an integration's account.

use secrecy::SecretString;
use url::Url;

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
    /// The OAuth client's secret.
    pub client_secret: SecretString,
    /// The scope of the tokens; with `offline_access` in it Salto gives refresh tokens too \[S1\].
    pub scope: String,
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
}

/// The system user of an integration and the site it opens doors at \[S1\].
#[derive(Debug, Clone)]
pub struct Account {
    /// The system user's name, a mail address.
    pub username: String,
    /// Its password.
    pub password: SecretString,
    /// The site as people write it, e.g. `NL6254340082` \[S2\].
    pub site_uid: String,
    /// How this account's one-time passwords are computed.
    pub otp_scheme: OtpScheme,
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
            username: "u".into(),
            password: "open sesame".into(),
            site_uid: "NL1".into(),
            otp_scheme: OtpScheme::SaltoKs,
        };
        assert!(!format!("{account:?}").contains("sesame"));
    }
}
