//! Codes that are good once: those of the login page, and those that a pod member gives a guest.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::tokens::{Grant, random_token};

/// For codes of the login page within what RFC 6749, 4.1.2 recommends (10 minutes at most); of a guest's
/// Salto does not say it. A decision.
pub(crate) const CODE_LIFETIME: TimeDelta = TimeDelta::minutes(5);

/// A sign-in by the browser.
#[derive(Clone)]
pub(crate) struct SignIn {
    pub(crate) grant: Grant,
    pub(crate) redirect_uri: String,
    /// S256 of the verifier that must come with the code.
    pub(crate) challenge: String,
}

/// Who invited a guest, and where to. [S1]
#[derive(Clone)]
pub(crate) struct Invitation {
    pub(crate) invited_by: Arc<str>,
    pub(crate) site: Uuid,
}

/// What came of presenting a code.
pub(crate) enum Presented<T> {
    Granted(T),
    /// It was presented before.
    Reused(T),
    /// It never was, has expired, or is another's.
    Unknown,
}

struct Issued<T> {
    what: T,
    expires_at: DateTime<Utc>,
    spent: bool,
}

/// Codes that stand for something.
pub(crate) struct Codes<T>(HashMap<String, Issued<T>>);

impl<T> Default for Codes<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: Clone> Codes<T> {
    pub(crate) fn issue(&mut self, what: T, now: DateTime<Utc>) -> String {
        self.0.retain(|_, issued| now < issued.expires_at);
        let code = random_token();
        let issued = Issued { what, expires_at: now + CODE_LIFETIME, spent: false };
        self.0.insert(code.clone(), issued);
        code
    }

    /// What a code stands for; it is not spent by asking.
    pub(crate) fn look(&self, code: &str) -> Option<&T> {
        self.0.get(code).map(|issued| &issued.what)
    }

    /// Spends a code, where it is for whoever presents it.
    pub(crate) fn present(
        &mut self,
        code: &str,
        is_for: impl FnOnce(&T) -> bool,
        now: DateTime<Utc>,
    ) -> Presented<T> {
        let issued = self.0.get_mut(code).filter(|it| now < it.expires_at && is_for(&it.what));
        let Some(issued) = issued else { return Presented::Unknown };
        let what = issued.what.clone();
        if std::mem::replace(&mut issued.spent, true) {
            Presented::Reused(what)
        } else {
            Presented::Granted(what)
        }
    }
}
