//! Comparison of secrets in constant time.

use subtle::ConstantTimeEq;

/// Takes as long wherever the texts differ, so that the duration says nothing about the secret.
pub(crate) fn constant_time_eq(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}
