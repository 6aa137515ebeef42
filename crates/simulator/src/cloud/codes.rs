//! Authorization codes: issued by the login page, exchanged once.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::tokens::{Grant, random_token};

/// Within what RFC 6749, 4.1.2 recommends (10 minutes at most); a decision.
const LIFETIME: TimeDelta = TimeDelta::minutes(5);

/// What a code stands for.
#[derive(Clone)]
pub(crate) struct Code {
    pub(crate) grant: Grant,
    pub(crate) redirect_uri: String,
    /// S256 of the verifier that must come with it.
    pub(crate) challenge: String,
}

struct Issued {
    code: Code,
    expires_at: DateTime<Utc>,
    spent: bool,
}

#[derive(Default)]
pub(crate) struct Codes(HashMap<String, Issued>);

impl Codes {
    pub(crate) fn issue(&mut self, code: Code, now: DateTime<Utc>) -> String {
        self.0.retain(|_, issued| now < issued.expires_at);
        let text = random_token();
        let issued = Issued { code, expires_at: now + LIFETIME, spent: false };
        self.0.insert(text.clone(), issued);
        text
    }

    /// Whose a code is; it is not spent by asking.
    pub(crate) fn owner(&self, code: &str) -> Option<&str> {
        self.0.get(code).map(|issued| &*issued.code.grant.username)
    }

    /// A code of this client, and whether it was spent before; it is spent afterwards.
    pub(crate) fn take(
        &mut self,
        code: &str,
        client: &str,
        now: DateTime<Utc>,
    ) -> Option<(Code, bool)> {
        let issued = self.0.get_mut(code)?;
        if issued.code.grant.client_id != client || now >= issued.expires_at {
            return None;
        }
        let spent_before = std::mem::replace(&mut issued.spent, true);
        Some((issued.code.clone(), spent_before))
    }
}
