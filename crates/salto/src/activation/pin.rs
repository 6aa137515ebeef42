//! PINs, and the delta from one to another.

use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

/// The delta that keeps the PIN: the call then proves secret and PIN, and touches no door
/// (`docs/salto-ks.md`, The OTP).
pub const KEEP_PIN: &str = "0000";

/// Whether the text is a PIN: four digits (`docs/salto-ks.md`, Connect API).
#[must_use]
pub fn is_pin(text: &str) -> bool {
    text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The delta from the PIN `old` to the PIN `new`: new = old − delta, digit by digit modulo 10
/// (`docs/salto-ks.md`, Connect API). `None` where one of them is no PIN.
#[must_use]
pub fn delta(old: &SecretString, new: &SecretString) -> Option<Zeroizing<String>> {
    let (old, new) = (old.expose_secret(), new.expose_secret());
    let digit = |(old, new): (u8, u8)| char::from(b'0' + (10 + old - new) % 10);
    (is_pin(old) && is_pin(new))
        .then(|| Zeroizing::new(old.bytes().zip(new.bytes()).map(digit).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delta_of(old: &str, new: &str) -> Option<String> {
        delta(&old.into(), &new.into()).map(|delta| delta.to_string())
    }

    #[test]
    fn the_delta_is_the_old_pin_minus_the_new_one_digit_by_digit() {
        assert_eq!(delta_of("6596", "0601").unwrap(), "6995", "as measured");
        assert_eq!(delta_of("0042", "0042").unwrap(), KEEP_PIN);
        assert_eq!(delta_of("0000", "1111").unwrap(), "9999");
        assert_eq!(delta_of("9876", "0123").unwrap(), "9753");
    }

    #[test]
    fn a_pin_is_four_digits() {
        for text in ["", "123", "12345", "12a4", "-123", "١٢٣٤"] {
            assert!(!is_pin(text), "{text}");
            assert_eq!(delta_of("1234", text), None);
            assert_eq!(delta_of(text, "1234"), None);
        }
    }
}
