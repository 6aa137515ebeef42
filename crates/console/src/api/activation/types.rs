//! What the steps of an activation take and answer.

use operations::{activation::Begun, iqs::TargetIq};
use salto::{PinDelivery, activation::Step};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::operation::Notes;

/// How Salto sends a PIN.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SendPin {
    /// By mail to the account's user.
    Email,
    /// As a text message to the account's user.
    Sms,
}

/// The begin of an activation.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BeginActivation {
    /// How Salto sends the PIN, again where it was sent before; by mail and once where it is left out.
    pub(crate) send_pin: Option<SendPin>,
}

/// Where an activation is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ActivationState {
    /// The id of the IQ, as Salto spells it.
    iq_id: String,
    /// The name of the IQ at Salto.
    iq_name: Option<String>,
    /// The next step: `enter_pin`, where a person has the PIN; `check`, where it is stored; `done`; `not_needed`, where
    /// the IQ is opened without one-time passwords.
    pub(crate) step: &'static str,
    /// How Salto has just sent the PIN: `email` or `sms`.
    pub(crate) pin_sent_by: Option<&'static str>,
    /// What is to be done nevertheless.
    next: Option<String>,
    /// What happened meanwhile.
    pub(crate) notes: Vec<String>,
}

/// The PIN of an activation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EnterPin {
    /// Four digits; left out where the step is `check`.
    #[schema(value_type = Option<String>, pattern = "^[0-9]{4}$")]
    pub(crate) pin: Option<SecretString>,
    /// Also while the user is blocked, or where one more rejection could block it.
    #[serde(default)]
    pub(crate) force: bool,
}

/// A secret and a PIN that are known from another program.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Adopt {
    /// The secret of the IQ; or give `device_code`.
    #[schema(value_type = Option<String>)]
    pub(crate) secret: Option<SecretString>,
    /// The code that an active device of the same user shows: Salto gives the secret for it (unproven).
    #[schema(value_type = Option<String>)]
    pub(crate) device_code: Option<SecretString>,
    /// Four digits.
    #[schema(value_type = String, pattern = "^[0-9]{4}$")]
    pub(crate) pin: SecretString,
    /// Also where an activation works, while the user is blocked, or where one more rejection could block it.
    #[serde(default)]
    pub(crate) force: bool,
}

/// Another PIN for an activated IQ.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetPin {
    /// Four digits.
    #[schema(value_type = String, pattern = "^[0-9]{4}$")]
    pub(crate) pin: SecretString,
    /// Also while the user is blocked, or where one more rejection could block it.
    #[serde(default)]
    pub(crate) force: bool,
}

/// Whether a PIN was changed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PinSet {
    /// False: it was already the PIN.
    pub(crate) changed: bool,
    /// What happened meanwhile.
    pub(crate) notes: Vec<String>,
}

/// How a probe is made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Probe {
    /// Also while the user is blocked, or where one more rejection could block it.
    #[serde(default)]
    pub(crate) force: bool,
}

impl ActivationState {
    pub(super) fn of(target: &TargetIq<'_>, begun: Begun, notes: &Notes) -> Self {
        let (step, pin_sent_by, next) = match begun {
            Begun::NotNeeded(_) => ("not_needed", None, None),
            Begun::Done(next) => ("done", None, next.map(|step| step.next)),
            Begun::Waiting(Step::PinSent(PinDelivery::Email)) => ("enter_pin", Some("email"), None),
            Begun::Waiting(Step::PinSent(PinDelivery::Sms)) => ("enter_pin", Some("sms"), None),
            Begun::Waiting(Step::PinAwaited) => ("enter_pin", None, None),
            Begun::Waiting(Step::PinShown | Step::PinKnown) => ("check", None, None),
            Begun::Waiting(Step::Done) => ("done", None, None),
        };
        Self {
            iq_id: target.iq.clone(),
            iq_name: target.iq_name.clone(),
            step,
            pin_sent_by,
            next,
            notes: notes.taken(),
        }
    }
}

impl From<SendPin> for PinDelivery {
    fn from(how: SendPin) -> Self {
        match how {
            SendPin::Email => Self::Email,
            SendPin::Sms => Self::Sms,
        }
    }
}
