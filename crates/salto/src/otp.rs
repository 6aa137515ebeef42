//! The one-time password of a command: two schemes over an IQ's secret and PIN.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use secrecy::{ExposeSecret, SecretString};
use sha1::Sha1;
use zeroize::Zeroizing;

/// How a one-time password is computed. A setting of the integration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum OtpScheme {
    /// Salto's scheme: five hex digits of an MD5 over time, secret and PIN (`docs/salto-ks.md`, The
    /// OTP).
    #[default]
    SaltoKs,
    /// RFC 6238 TOTP over HMAC-SHA1, key = secret ‖ PIN, 30 s steps, 6 digits (decision).
    TotpSha1,
}

impl OtpScheme {
    /// All schemes.
    pub const ALL: [Self; 2] = [Self::SaltoKs, Self::TotpSha1];

    /// The name in the configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SaltoKs => "salto-ks",
            Self::TotpSha1 => "totp-sha1",
        }
    }

    /// The length of its one-time passwords, in ASCII characters.
    #[must_use]
    pub const fn otp_len(self) -> usize {
        match self {
            Self::SaltoKs => 5,
            Self::TotpSha1 => 6,
        }
    }
}

/// The text names no OTP scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an OTP scheme is \"salto-ks\" or \"totp-sha1\"")]
pub struct UnknownOtpScheme;

impl FromStr for OtpScheme {
    type Err = UnknownOtpScheme;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|scheme| scheme.as_str() == text).ok_or(UnknownOtpScheme)
    }
}

/// The key of the one-time passwords for one IQ: secret and active PIN of the user at it. A PIN is a
/// text with its leading zeros (`docs/salto-ks.md`, The OTP).
#[derive(Clone)]
pub struct OtpKey {
    scheme: OtpScheme,
    secret: SecretString,
    pin: SecretString,
}

impl OtpKey {
    /// A key for one-time passwords of that scheme.
    #[must_use]
    pub fn new(scheme: OtpScheme, secret: SecretString, pin: SecretString) -> Self {
        Self { scheme, secret, pin }
    }

    /// The one-time password of an instant, cut to whole UTC seconds (`docs/salto-ks.md`, The OTP).
    #[must_use]
    pub fn otp(&self, at: DateTime<Utc>) -> Otp {
        let (secret, pin) = (self.secret.expose_secret(), self.pin.expose_secret());
        let text = match self.scheme {
            OtpScheme::SaltoKs => salto_ks(secret, pin, at),
            OtpScheme::TotpSha1 => {
                let key = Zeroizing::new([secret.as_bytes(), pin.as_bytes()].concat());
                totp_sha1(&key, at, 6)
            }
        };
        Otp(Zeroizing::new(text))
    }

    /// The length of the one-time passwords, in ASCII characters.
    #[must_use]
    pub const fn otp_len(&self) -> usize {
        self.scheme.otp_len()
    }
}

impl fmt::Debug for OtpKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OtpKey({}, ***)", self.scheme.as_str())
    }
}

/// A one-time password. It prints as `***`.
pub struct Otp(Zeroizing<String>);

impl Otp {
    /// The password itself. Only the command may carry it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Otp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The first five hex digits of MD5("YYYYMMDDHHMMSS" ‖ secret ‖ PIN) (`docs/salto-ks.md`, The OTP).
fn salto_ks(secret: &str, pin: &str, at: DateTime<Utc>) -> String {
    let digest = Md5::new()
        .chain_update(at.format("%Y%m%d%H%M%S").to_string())
        .chain_update(secret)
        .chain_update(pin)
        .finalize();
    format!("{:02x}{:02x}{:x}", digest[0], digest[1], digest[2] >> 4)
}

/// RFC 6238 with HMAC-SHA1 and steps of 30 s.
fn totp_sha1(key: &[u8], at: DateTime<Utc>, digits: u8) -> String {
    let step = u64::try_from(at.timestamp()).unwrap_or(0) / 30;
    // HMAC takes keys of every length, so that no error occurs; an empty password would open nothing.
    let Ok(mac) = Hmac::<Sha1>::new_from_slice(key) else { return String::new() };
    let hash = mac.chain_update(step.to_be_bytes()).finalize().into_bytes();
    let at = usize::from(hash[19] & 0x0f);
    let number = u32::from_be_bytes([hash[at] & 0x7f, hash[at + 1], hash[at + 2], hash[at + 3]]);
    format!("{:0width$}", number % 10_u32.pow(u32::from(digits)), width = usize::from(digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn key(scheme: OtpScheme, secret: &str, pin: &str) -> OtpKey {
        OtpKey::new(scheme, secret.into(), pin.into())
    }

    #[test]
    fn salto_ks_gives_the_measured_vectors() {
        let first = key(OtpScheme::SaltoKs, "ABCDEFGHIJKLMNOP", "1234");
        assert_eq!(first.otp(at("2026-08-25T07:25:00Z")).expose(), "28a5a");
        let second = key(OtpScheme::SaltoKs, "qrstuvwxyz012345", "9876");
        assert_eq!(second.otp(at("2026-12-31T23:59:59.874Z")).expose(), "018bb");
    }

    #[test]
    fn totp_gives_the_vectors_of_rfc_6238() {
        for (seconds, expected) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            let at = DateTime::from_timestamp(seconds, 0).unwrap();
            assert_eq!(totp_sha1(b"12345678901234567890", at, 8), expected);
        }
    }

    #[test]
    fn the_totp_key_is_the_secret_followed_by_the_pin_and_six_digits_are_used() {
        let key = key(OtpScheme::TotpSha1, "1234567890123456", "7890");
        assert_eq!(key.otp(at("1970-01-01T00:00:59Z")).expose(), "287082");
    }

    #[test]
    fn every_password_has_the_length_of_its_key() {
        for scheme in OtpScheme::ALL {
            let key = key(scheme, "s", "0001");
            for second in 0..3_000 {
                let otp = key.otp(DateTime::from_timestamp(second * 977, 0).unwrap());
                assert_eq!(otp.expose().len(), key.otp_len());
            }
        }
    }

    #[test]
    fn schemes_are_read_by_name() {
        assert_eq!("totp-sha1".parse(), Ok(OtpScheme::TotpSha1));
        assert_eq!("salto-ks".parse(), Ok(OtpScheme::SaltoKs));
        assert_eq!("md5".parse::<OtpScheme>(), Err(UnknownOtpScheme));
    }

    #[test]
    fn debug_output_shows_no_secret() {
        let key = key(OtpScheme::SaltoKs, "ABCDEFGHIJKLMNOP", "1234");
        let shown = format!("{key:?} {:?}", key.otp(at("2026-08-25T07:25:00Z")));
        assert_eq!(shown, "OtpKey(salto-ks, ***) ***");
    }
}
