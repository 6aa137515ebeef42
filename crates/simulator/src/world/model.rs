//! What the world consists of, in the shape of a world file.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::settings::Settings;
use crate::otp::OtpScheme;

/// A world file. It and its parts hold passwords, secrets and PINs and therefore have no `Debug`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    /// OAuth clients. Salto gives each platform its own.
    pub clients: Vec<Client>,
    /// Users: system users and persons.
    pub accounts: Vec<Account>,
    /// Sites with their IQs and locks.
    pub sites: Vec<Site>,
    /// The behaviour of the cloud where tenants differ or the documents say nothing.
    #[serde(default)]
    pub settings: Settings,
}

/// An OAuth client.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// `client_id`.
    pub id: String,
    /// `client_secret`; a public client has none (`docs/salto-ks.md`, Tokens).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// The scopes that it may request.
    #[serde(default = "default_scopes")]
    pub scopes: Vec<String>,
    /// Where the browser may return to after a sign-in, compared character by character. With an
    /// empty list, users of this client cannot sign in by the browser.
    #[serde(default)]
    pub redirect_uris: Vec<String>,
}

/// A user: a system user or a person.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// The mail address.
    pub username: String,
    /// The password.
    pub password: String,
    /// Codes of roles. Inviting a guest takes `pod_member`.
    #[serde(default = "default_roles")]
    pub roles: Vec<String>,
    /// The right to activate IQs and to open locks remotely.
    #[serde(default = "default_true")]
    pub remote_access: bool,
    /// Whether its seat is suspended: a suspended account may only read.
    #[serde(default)]
    pub suspended: bool,
    /// A blocked account may only read.
    #[serde(default)]
    pub blocked: bool,
    /// Whether it opens locks in privacy mode.
    #[serde(default)]
    pub override_privacy_mode: bool,
    /// The sites that it may see; all of them when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sites: Option<Vec<Uuid>>,
}

/// A site: an installation with its IQs and locks.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// The id in paths of the API.
    pub id: Uuid,
    /// The id that people use, such as `NL6254340082`.
    pub site_uid: String,
    /// The name.
    pub customer_reference: String,
    /// The IQs.
    pub iqs: Vec<Iq>,
    /// The locks.
    pub locks: Vec<Lock>,
}

/// An IQ: the gateway between the cloud and its locks.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Iq {
    /// The id.
    pub id: Uuid,
    /// The name.
    pub customer_reference: String,
    /// The secret of the first account that may see the site, 16 characters. Every other user has one of its own
    /// (`docs/salto-ks.md`, The OTP).
    pub secret: String,
    /// The PIN of the same account, 4 digits.
    pub pin: String,
    /// Secrets and PINs of other users; those of a user that is not named here are made from the user's name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_keys: Vec<UserKey>,
    /// Whether commands need an OTP.
    #[serde(default = "default_true")]
    pub otp_enabled: bool,
    /// How OTPs are computed.
    #[serde(default)]
    pub otp_scheme: OtpScheme,
    /// Whether commands reach the IQ.
    #[serde(default = "default_true")]
    pub online: bool,
    /// Whether the IQ needs a restore; secret and PIN are then invalid.
    #[serde(default)]
    pub restore_required: bool,
    /// Whether `GET …/pin` answers 200 with the PIN instead of 204 and a mail.
    #[serde(default)]
    pub pin_in_body: bool,
    /// The users that are activated at the IQ.
    #[serde(default)]
    pub activated_for: Vec<Activation>,
    /// The users that have requested a PIN. The list of activated IQs shows them too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pin_requested_by: Vec<String>,
}

/// Secret and PIN of one user at one IQ.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserKey {
    /// The user.
    pub username: String,
    /// The secret, 16 characters.
    pub secret: String,
    /// The PIN, 4 digits.
    pub pin: String,
}

/// A user that is activated at an IQ. In a world file the user's name alone is enough.
#[derive(Clone, Serialize, Deserialize)]
#[serde(from = "ActivationInFile")]
pub struct Activation {
    /// The user.
    pub username: String,
    /// The time of the activation, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum ActivationInFile {
    Name(String),
    Dated { username: String, since: Option<DateTime<Utc>> },
}

impl From<ActivationInFile> for Activation {
    fn from(form: ActivationInFile) -> Self {
        match form {
            ActivationInFile::Name(username) => Self { username, since: None },
            ActivationInFile::Dated { username, since } => Self { username, since },
        }
    }
}

/// A lock.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// The id.
    pub id: Uuid,
    /// The door's name.
    pub customer_reference: String,
    /// The IQ that commands to the lock go through. A lock without one cannot be opened remotely.
    #[serde(default)]
    pub iq_id: Option<Uuid>,
    /// Whether the lock reaches its IQ.
    #[serde(default = "default_true")]
    pub online: bool,
    /// Whether privacy mode is on, which is turned on from inside.
    #[serde(default)]
    pub privacy_mode: bool,
    /// How long the lock stays open; the setting of the whole cloud when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_seconds: Option<u32>,
}

pub(super) fn default_scopes() -> Vec<String> {
    vec!["user_api.full_access".to_owned(), "offline_access".to_owned()]
}

pub(super) fn default_roles() -> Vec<String> {
    vec!["site_admin".to_owned()]
}

fn default_true() -> bool {
    true
}
