//! The forms in which secrets may appear: one-time passwords and bytes.

use chrono::{DateTime, TimeDelta, Utc};
use md5::{Digest, Md5};

/// Every one-time password of an IQ that was valid between two times of Salto's clock. Those without a letter could be
/// any number and are left out.
pub fn otps(secret: &str, pin: &str, began: DateTime<Utc>, ended: DateTime<Utc>) -> Vec<String> {
    let mut otps = Vec::new();
    let mut second = began;
    while second < ended {
        let text = format!("{}{secret}{pin}", second.format("%Y%m%d%H%M%S"));
        let otp: String = Md5::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
        otps.push(otp[..5].to_owned());
        second += TimeDelta::seconds(1);
    }
    otps.retain(|otp| otp.bytes().any(|byte| byte.is_ascii_alphabetic()));
    otps
}

/// Bytes as they are, and in the forms in which they are often shown.
pub fn forms(secret: &[u8]) -> [Vec<u8>; 3] {
    let decimal: Vec<_> = secret.iter().map(u8::to_string).collect();
    let hexadecimal: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    [secret.to_vec(), decimal.join(", ").into_bytes(), hexadecimal.into_bytes()]
}
