//! How an IQ's one-time passwords are computed. The code is the simulator's own and not shared with
//! the client that is tested.

use chrono::DateTime;
use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};
use sha1::Sha1;

/// Bytes of a SHA-1 block. HMAC pads a shorter key with zeros up to it.
const HMAC_BLOCK: usize = 64;

/// How the OTP is computed from secret, PIN and time (`docs/salto-ks.md`, The OTP).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OtpScheme {
    /// The first 5 hex characters of MD5(UTC `YYYYMMDDHHMMSS` ‖ secret ‖ PIN), in whole seconds.
    #[default]
    SaltoKs,
    /// RFC 6238 over HMAC-SHA1 with the key secret ‖ PIN, steps of 30 s and 6 digits.
    TotpSha1,
}

impl OtpScheme {
    /// The number of seconds that have the same OTP.
    pub(crate) fn step_seconds(self) -> i64 {
        match self {
            Self::SaltoKs => 1,
            Self::TotpSha1 => 30,
        }
    }

    /// The OTP at a Unix time in seconds.
    pub fn otp_at(self, unix_seconds: i64, secret: &str, pin: &str) -> String {
        self.otp_of_step(unix_seconds.div_euclid(self.step_seconds()), secret, pin)
    }

    /// The OTP of the step with this number since 1970.
    pub(crate) fn otp_of_step(self, step: i64, secret: &str, pin: &str) -> String {
        match self {
            Self::SaltoKs => salto_ks(step, secret, pin),
            Self::TotpSha1 => totp_sha1(step, secret, pin),
        }
    }
}

fn salto_ks(unix_seconds: i64, secret: &str, pin: &str) -> String {
    let time = DateTime::from_timestamp(unix_seconds, 0).unwrap_or_default();
    let mut hash = Md5::new();
    hash.update(time.format("%Y%m%d%H%M%S").to_string());
    hash.update(secret);
    hash.update(pin);
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<String>()[..5].to_owned()
}

fn totp_sha1(counter: i64, secret: &str, pin: &str) -> String {
    // Secret and PIN are 16 and 4 bytes (the world is checked), which is less than a block.
    let mut key = [0_u8; HMAC_BLOCK];
    for (slot, byte) in key.iter_mut().zip(secret.bytes().chain(pin.bytes())) {
        *slot = byte;
    }
    let mut mac = Hmac::<Sha1>::new(&key.into());
    mac.update(&counter.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let offset = usize::from(digest[19] & 0x0f);
    let truncated = u32::from_be_bytes([
        digest[offset] & 0x7f,
        digest[offset + 1],
        digest[offset + 2],
        digest[offset + 3],
    ]);
    format!("{:06}", truncated % 1_000_000)
}

#[cfg(test)]
mod tests {
    use chrono::Utc;

    use super::*;

    fn unix(time: &str) -> i64 {
        time.parse::<DateTime<Utc>>().unwrap().timestamp()
    }

    #[test]
    fn salto_ks_computes_the_documented_otps() {
        let at = |time, secret, pin| OtpScheme::SaltoKs.otp_at(unix(time), secret, pin);
        assert_eq!(at("2026-08-25T07:25:00Z", "ABCDEFGHIJKLMNOP", "1234"), "28a5a");
        assert_eq!(at("2026-12-31T23:59:59.874Z", "qrstuvwxyz012345", "9876"), "018bb");
    }

    #[test]
    fn totp_sha1_agrees_with_rfc_6238() {
        // The RFC's key is `12345678901234567890`: 16 characters are the secret, 4 the PIN. The
        // RFC shows 8 digits; the last 6 are the OTP.
        for (time, otp) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(OtpScheme::TotpSha1.otp_at(time, "1234567890123456", "7890"), otp);
        }
    }

    #[test]
    fn totp_sha1_has_one_otp_for_30_seconds() {
        let at = |time| OtpScheme::TotpSha1.otp_at(time, "ABCDEFGHIJKLMNOP", "0007");
        assert_eq!(at(60), at(89));
        assert_ne!(at(89), at(90));
    }
}
