//! What is kept of one IQ's activation.

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::otp::{OtpKey, OtpScheme};
use crate::seal::{SealError, Sealer};

/// Where an IQ's activation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActivationState {
    /// Nothing has been done.
    NotActivated,
    /// The secret is stored; the PIN is asked for, or not yet proven.
    PendingPin,
    /// Secret and PIN are proven: commands can be signed.
    Activated,
    /// One-time passwords were rejected; commands are still signed.
    Degraded,
    /// Secret and PIN are dead.
    ReactivationRequired,
}

impl ActivationState {
    /// The code used in events and output.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotActivated => "not_activated",
            Self::PendingPin => "pending_pin",
            Self::Activated => "activated",
            Self::Degraded => "degraded",
            Self::ReactivationRequired => "reactivation_required",
        }
    }
}

/// The activation record of one IQ.
#[derive(Debug, Clone)]
pub struct Activation {
    /// Where it stands.
    pub state: ActivationState,
    /// The IQ's secret. Losing it means a reset on Salto's side \[M\].
    pub secret: SecretString,
    /// The IQ's PIN, as text with its leading zeros \[M\].
    pub pin: Option<SecretString>,
    /// Salto has been asked for the PIN, and has answered.
    pub pin_requested: bool,
    /// Salto has rejected a one-time password made with `pin` during activation.
    pub pin_refused: bool,
    /// A PIN that is being set: whether it or `pin` counts is not known until it is proven.
    pub new_pin: Option<SecretString>,
    /// When the state changed last.
    pub changed_at: DateTime<Utc>,
}

impl Activation {
    /// Secret and PIN that Salto has just accepted.
    #[must_use]
    pub fn proven(secret: SecretString, pin: SecretString) -> Self {
        Self {
            state: ActivationState::Activated,
            secret,
            pin: Some(pin),
            pin_requested: true,
            pin_refused: false,
            new_pin: None,
            changed_at: Utc::now(),
        }
    }

    /// What signs commands; only once activated.
    #[must_use]
    pub fn otp_key(&self, scheme: OtpScheme) -> Option<OtpKey> {
        match self.state {
            ActivationState::Activated | ActivationState::Degraded => {
                let pin = self.pin.clone()?;
                Some(OtpKey::new(scheme, self.secret.clone(), pin))
            }
            ActivationState::NotActivated
            | ActivationState::PendingPin
            | ActivationState::ReactivationRequired => None,
        }
    }

    /// The record as it lies in Redis: sealed, good for this key and IQ alone.
    #[must_use]
    pub fn seal(&self, sealer: &Sealer, key: &str, iq: &str) -> Vec<u8> {
        let sheet = Sheet {
            state: self.state,
            secret: self.secret.expose_secret().to_owned().into(),
            pin: self.pin.as_ref().map(|pin| pin.expose_secret().to_owned().into()),
            pin_requested: self.pin_requested,
            pin_refused: self.pin_refused,
            new_pin: self.new_pin.as_ref().map(|pin| pin.expose_secret().to_owned().into()),
            changed_at: self.changed_at,
        };
        // Text, flags and a time: there is nothing in it that JSON cannot hold.
        let json = Zeroizing::new(serde_json::to_vec(&sheet).unwrap_or_default());
        sealer.seal(&place(key, iq), &json)
    }

    /// Opens a record: `key` is the hash's Redis key, `iq` its field, `sealed` the value.
    ///
    /// # Errors
    /// It was sealed with another key, for another place, or is damaged.
    pub fn unseal(sealer: &Sealer, key: &str, iq: &str, sealed: &[u8]) -> Result<Self, SealError> {
        let json = sealer.unseal(&place(key, iq), sealed)?;
        let sheet: Sheet = serde_json::from_slice(&json).map_err(|_| SealError)?;
        Ok(Self {
            state: sheet.state,
            secret: sheet.secret.as_str().into(),
            pin: sheet.pin.map(|pin| pin.as_str().into()),
            pin_requested: sheet.pin_requested,
            pin_refused: sheet.pin_refused,
            new_pin: sheet.new_pin.map(|pin| pin.as_str().into()),
            changed_at: sheet.changed_at,
        })
    }
}

/// Key and field, told apart by what neither can hold.
fn place(key: &str, iq: &str) -> String {
    format!("{key}\0{iq}")
}

#[derive(Serialize, Deserialize)]
struct Sheet {
    state: ActivationState,
    secret: Zeroizing<String>,
    pin: Option<Zeroizing<String>>,
    pin_requested: bool,
    #[serde(default)]
    pin_refused: bool,
    #[serde(default)]
    new_pin: Option<Zeroizing<String>>,
    changed_at: DateTime<Utc>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn activation(state: ActivationState) -> Activation {
        Activation {
            state,
            secret: "ABCDEFGHIJKLMNOP".into(),
            pin: Some("0123".into()),
            pin_requested: true,
            pin_refused: false,
            new_pin: Some("9876".into()),
            changed_at: "2026-08-25T07:25:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn only_an_activated_or_degraded_iq_signs() {
        let signs = |state| activation(state).otp_key(OtpScheme::SaltoKs).is_some();
        assert!(signs(ActivationState::Activated) && signs(ActivationState::Degraded));
        assert!(!signs(ActivationState::NotActivated));
        assert!(!signs(ActivationState::PendingPin));
        assert!(!signs(ActivationState::ReactivationRequired));
    }

    #[test]
    fn a_record_opens_at_its_key_and_field_alone_and_shows_nothing() {
        let sealer = Sealer::new(&[3; 32]);
        let record = activation(ActivationState::Activated);
        let sealed = record.seal(&sealer, "p:activations:a", "iq-1");
        let opened = Activation::unseal(&sealer, "p:activations:a", "iq-1", &sealed).unwrap();
        assert_eq!(opened.secret.expose_secret(), "ABCDEFGHIJKLMNOP");
        assert_eq!(opened.pin.as_ref().unwrap().expose_secret(), "0123");
        assert_eq!(opened.new_pin.as_ref().unwrap().expose_secret(), "9876");
        assert!(Activation::unseal(&sealer, "p:activations:a", "iq-2", &sealed).is_err());
        assert!(Activation::unseal(&sealer, "p:activations:b", "iq-1", &sealed).is_err());
        let shown = format!("{opened:?}");
        assert!(!shown.contains("ABCDEF") && !shown.contains("0123"), "{shown}");
        assert!(!shown.contains("9876"), "{shown}");
    }
}
