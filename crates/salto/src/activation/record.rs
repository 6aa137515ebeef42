//! The activation record of one IQ.

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::otp::{OtpKey, OtpScheme};
use crate::redis::seal::{SealError, Sealer, field_location};

/// The state of an IQ's activation (`docs/salto-ks.md`, Activation states).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActivationState {
    /// The activation has not begun.
    NotActivated,
    /// The secret is stored; the PIN is missing, or not yet proven.
    PendingPin,
    /// Secret and PIN are proven: commands can be sent.
    Activated,
    /// Salto rejected one-time passwords; commands are still sent.
    Degraded,
    /// Secret and PIN are no longer valid.
    ReactivationRequired,
}

impl ActivationState {
    /// The code in events and output.
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
    /// The state.
    pub state: ActivationState,
    /// The IQ's secret. If it is lost, Salto must reset the IQ (`docs/salto-ks.md`, The OTP).
    pub secret: SecretString,
    /// The IQ's PIN, as a text with its leading zeros.
    pub pin: Option<SecretString>,
    /// Whether Salto was asked for the PIN and has answered.
    pub pin_requested: bool,
    /// Whether Salto rejected a one-time password with `pin` during the activation.
    pub pin_refused: bool,
    /// A PIN that is being set: until it is proven, it is not known whether it or `pin` is valid.
    pub new_pin: Option<SecretString>,
    /// When the state last changed.
    pub changed_at: DateTime<Utc>,
}

impl Activation {
    /// The record of a secret and a PIN that Salto has just accepted.
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

    /// The key of one-time passwords for commands; `None` unless the IQ is activated.
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

    /// The record as Redis stores it: encrypted, for this key and IQ only.
    #[must_use]
    pub fn seal(&self, sealer: &Sealer, key: &str, iq: &str) -> Vec<u8> {
        let json = ActivationJson {
            state: self.state,
            secret: self.secret.expose_secret().to_owned().into(),
            pin: self.pin.as_ref().map(|pin| pin.expose_secret().to_owned().into()),
            pin_requested: self.pin_requested,
            pin_refused: self.pin_refused,
            new_pin: self.new_pin.as_ref().map(|pin| pin.expose_secret().to_owned().into()),
            changed_at: self.changed_at,
        };
        // Texts, flags and a time can always be written as JSON.
        let json = Zeroizing::new(serde_json::to_vec(&json).unwrap_or_default());
        sealer.seal(&field_location(key, iq), &json)
    }

    /// Decrypts a record: `key` is the hash's Redis key, `iq` its field, `sealed` the value.
    ///
    /// # Errors
    /// The value was sealed with another key or for another location, or is damaged.
    pub fn unseal(sealer: &Sealer, key: &str, iq: &str, sealed: &[u8]) -> Result<Self, SealError> {
        let plain = sealer.unseal(&field_location(key, iq), sealed)?;
        let json: ActivationJson = serde_json::from_slice(&plain).map_err(|_| SealError)?;
        Ok(Self {
            state: json.state,
            secret: json.secret.as_str().into(),
            pin: json.pin.map(|pin| pin.as_str().into()),
            pin_requested: json.pin_requested,
            pin_refused: json.pin_refused,
            new_pin: json.new_pin.map(|pin| pin.as_str().into()),
            changed_at: json.changed_at,
        })
    }
}

#[derive(Serialize, Deserialize)]
struct ActivationJson {
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
    fn only_an_activated_or_degraded_iq_has_a_key() {
        let has_key = |state| activation(state).otp_key(OtpScheme::SaltoKs).is_some();
        assert!(has_key(ActivationState::Activated) && has_key(ActivationState::Degraded));
        assert!(!has_key(ActivationState::NotActivated));
        assert!(!has_key(ActivationState::PendingPin));
        assert!(!has_key(ActivationState::ReactivationRequired));
    }

    #[test]
    fn a_record_is_unsealed_only_at_its_key_and_field_and_shows_no_secret() {
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
