//! Codes that can be used once: those of the login page, and the access codes for guests.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::grant::{Grant, Redeemed};
use super::tokens::random_token;

/// RFC 6749, 4.1.2 recommends 10 minutes at most. For access codes Salto publishes no lifetime, so the
/// same value is used.
pub(crate) const CODE_LIFETIME: TimeDelta = TimeDelta::minutes(5);

/// A sign-in by the browser.
#[derive(Clone)]
pub(crate) struct BrowserSignIn {
    pub(crate) grant: Grant,
    pub(crate) redirect_uri: String,
    /// The S256 digest of the verifier that must be presented with the code.
    pub(crate) challenge: String,
}

/// A pod member's invitation of a guest to a site (`docs/salto-ks.md`, Tokens).
#[derive(Clone)]
pub(crate) struct GuestInvitation {
    pub(crate) invited_by: Arc<str>,
    pub(crate) site: Uuid,
}

struct IssuedCode<T> {
    value: T,
    expires_at: DateTime<Utc>,
    spent: bool,
}

/// The codes of one kind, each with the value that it was issued for.
pub(crate) struct Codes<T>(HashMap<String, IssuedCode<T>>);

impl<T> Default for Codes<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: Clone> Codes<T> {
    pub(crate) fn issue(&mut self, value: T, now: DateTime<Utc>) -> String {
        self.0.retain(|_, issued| now < issued.expires_at);
        let code = random_token();
        let issued = IssuedCode { value, expires_at: now + CODE_LIFETIME, spent: false };
        self.0.insert(code.clone(), issued);
        code
    }

    /// The value of a code, without spending it.
    pub(crate) fn peek(&self, code: &str) -> Option<&T> {
        self.0.get(code).map(|issued| &issued.value)
    }

    /// Spends a code, provided that `is_allowed` accepts its value.
    pub(crate) fn redeem(
        &mut self,
        code: &str,
        is_allowed: impl FnOnce(&T) -> bool,
        now: DateTime<Utc>,
    ) -> Redeemed<T> {
        let issued = self.0.get_mut(code);
        let issued = issued.filter(|code| now < code.expires_at && is_allowed(&code.value));
        let Some(issued) = issued else { return Redeemed::Unknown };
        let value = issued.value.clone();
        if std::mem::replace(&mut issued.spent, true) {
            Redeemed::Reused(value)
        } else {
            Redeemed::Granted(value)
        }
    }
}
