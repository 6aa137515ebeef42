//! The settings of an environment, `[salto.environments.NAME]`.

use salto::{Environment, GuestKeys};
use serde::Serialize;

use super::sections::SET;

/// The settings of an environment.
#[derive(Serialize)]
pub(super) struct EnvironmentSummary<'a> {
    pub(super) name: &'a str,
    #[serde(flatten)]
    pub(super) settings: EnvironmentSettings<'a>,
}

#[derive(Serialize)]
pub(super) struct EnvironmentSettings<'a> {
    identity_url: &'a str,
    api_url: &'a str,
    events_url: Option<&'a str>,
    client_id: &'a str,
    /// `set`, or nothing for a public client.
    client_secret: Option<&'static str>,
    scope: &'a str,
    guest_keys: Option<GuestKeySettings<'a>>,
}

#[derive(Serialize)]
struct GuestKeySettings<'a> {
    access_code_path: String,
    digital_key_path: String,
    code_parameter: &'a str,
    scope: Option<&'a str>,
}

impl<'a> EnvironmentSummary<'a> {
    pub(super) fn of(environment: &'a Environment) -> Self {
        Self {
            name: &environment.name,
            settings: EnvironmentSettings {
                identity_url: environment.identity_url.as_str(),
                api_url: environment.api_url.as_str(),
                events_url: environment.events_url.as_ref().map(url::Url::as_str),
                client_id: &environment.client_id,
                client_secret: environment.client_secret.as_ref().map(|_| SET),
                scope: &environment.scope,
                guest_keys: environment.guest_keys.as_ref().map(GuestKeySettings::of),
            },
        }
    }
}

impl<'a> GuestKeySettings<'a> {
    fn of(keys: &'a GuestKeys) -> Self {
        Self {
            access_code_path: keys.access_code_path.to_string(),
            digital_key_path: keys.digital_key_path.to_string(),
            code_parameter: &keys.code_parameter,
            scope: keys.scope.as_deref(),
        }
    }
}
