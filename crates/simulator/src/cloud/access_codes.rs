//! Access codes for Digital Key for Guests: asked for by a pod member, exchanged once. [S1]

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::tokens::random_token;

/// A decision: Salto does not say how long an invitation counts.
pub(crate) const LIFETIME: TimeDelta = TimeDelta::minutes(5);

/// Who invited a guest, and where to.
#[derive(Clone)]
pub(crate) struct Invitation {
    pub(crate) invited_by: Arc<str>,
    pub(crate) site: Uuid,
}

struct Issued {
    invitation: Invitation,
    expires_at: DateTime<Utc>,
    spent: bool,
}

/// What came of presenting an access code.
pub(crate) enum Presented {
    Granted(Invitation),
    /// It was presented before.
    Reused,
    /// It never was, or has expired.
    Unknown,
}

#[derive(Default)]
pub(crate) struct AccessCodes(HashMap<String, Issued>);

impl AccessCodes {
    pub(crate) fn issue(&mut self, invitation: Invitation, now: DateTime<Utc>) -> String {
        self.0.retain(|_, issued| now < issued.expires_at);
        let code = random_token();
        let issued = Issued { invitation, expires_at: now + LIFETIME, spent: false };
        self.0.insert(code.clone(), issued);
        code
    }

    /// Who asked for a code; it is not spent by asking.
    pub(crate) fn owner(&self, code: &str) -> Option<&str> {
        self.0.get(code).map(|issued| &*issued.invitation.invited_by)
    }

    /// Spends a code, of whichever client: the guest's app need not be the pod member's (a
    /// decision).
    pub(crate) fn present(&mut self, code: &str, now: DateTime<Utc>) -> Presented {
        match self.0.get_mut(code).filter(|issued| now < issued.expires_at) {
            None => Presented::Unknown,
            Some(Issued { spent: true, .. }) => Presented::Reused,
            Some(issued) => {
                issued.spent = true;
                Presented::Granted(issued.invitation.clone())
            }
        }
    }
}
