//! What there is: clients, accounts, sites, IQs, locks. The shape of a world file.

mod builtin;
mod check;
mod settings;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use self::check::WorldError;
pub(crate) use self::check::is_pin;
pub use self::settings::{ErrorCodes, ListForm, Settings};
use crate::otp::OtpScheme;

/// A world file. `Debug` is left out here and below: it holds passwords, secrets and PINs.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    /// OAuth clients, as Salto hands them out per platform.
    pub clients: Vec<Client>,
    /// The system users.
    pub accounts: Vec<Account>,
    /// Installations with their gateways and locks.
    pub sites: Vec<Site>,
    /// How the cloud behaves where the sources leave it open.
    #[serde(default)]
    pub settings: Settings,
}

/// An OAuth client.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// `client_id`.
    pub id: String,
    /// `client_secret`; a public client has none. \[S1\]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// What it may ask for.
    #[serde(default = "default_scopes")]
    pub scopes: Vec<String>,
    /// Where a sign-in may lead back to, compared as they stand; without any this client's users
    /// cannot sign in by the browser. \[S1\]
    #[serde(default)]
    pub redirect_uris: Vec<String>,
}

/// A system user, or a person.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Its mail address.
    pub username: String,
    /// Its password.
    pub password: String,
    /// Activation needs `site_admin`, inviting guests `pod_member`. \[S1\]
    #[serde(default = "default_roles")]
    pub roles: Vec<String>,
    /// The right to open from afar.
    #[serde(default = "yes")]
    pub remote_access: bool,
    /// A blocked account may do nothing but look.
    #[serde(default)]
    pub blocked: bool,
    /// The sites it sees; all when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sites: Option<Vec<Uuid>>,
}

/// An installation.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// What the API goes by.
    pub id: Uuid,
    /// What people go by, as `NL6254340082`.
    pub site_uid: String,
    /// Its name.
    pub customer_reference: String,
    /// Its gateways.
    pub iqs: Vec<Iq>,
    /// Its locks.
    pub locks: Vec<Lock>,
}

/// A gateway.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Iq {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub customer_reference: String,
    /// 16 characters.
    pub secret: String,
    /// 4 digits.
    pub pin: String,
    /// How its OTPs are made.
    #[serde(default)]
    pub otp_scheme: OtpScheme,
    /// Whether commands reach it.
    #[serde(default = "yes")]
    pub online: bool,
    /// Whether its secret and PIN are dead.
    #[serde(default)]
    pub restore_required: bool,
    /// Whether `GET …/pin` answers 200 with the PIN in place of 204 and a mail.
    #[serde(default)]
    pub pin_in_body: bool,
    /// Who is activated at it.
    #[serde(default)]
    pub activated_for: Vec<Activation>,
}

/// A user activated at an IQ: in a file, the user's name alone will do.
#[derive(Clone, Serialize, Deserialize)]
#[serde(from = "ActivationForm")]
pub struct Activation {
    /// Who.
    pub username: String,
    /// Since when, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum ActivationForm {
    Name(String),
    Dated { username: String, since: Option<DateTime<Utc>> },
}

impl From<ActivationForm> for Activation {
    fn from(form: ActivationForm) -> Self {
        match form {
            ActivationForm::Name(username) => Self { username, since: None },
            ActivationForm::Dated { username, since } => Self { username, since },
        }
    }
}

/// A lock, behind one IQ.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// Its id.
    pub id: Uuid,
    /// The door's name.
    pub customer_reference: String,
    /// The gateway that commands take.
    pub iq_id: Uuid,
}

fn default_scopes() -> Vec<String> {
    vec!["user_api.full_access".to_owned(), "offline_access".to_owned()]
}

fn default_roles() -> Vec<String> {
    vec!["site_admin".to_owned()]
}

fn yes() -> bool {
    true
}
