//! Access and refresh tokens that are good at this moment, and the refresh tokens that are spent.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use rand::distr::{Alphanumeric, SampleString};
use uuid::Uuid;

/// "A much longer lifetime" [S1]; 30 days is a decision.
const REFRESH_LIFETIME: TimeDelta = TimeDelta::days(30);

/// What a token stands for.
#[derive(Clone)]
pub(crate) struct Grant {
    pub(crate) username: Arc<str>,
    pub(crate) client_id: String,
    /// Space separated, as granted.
    pub(crate) scope: String,
    /// The sign-in that all tokens refreshed from it share.
    pub(crate) family: Uuid,
    pub(crate) holder: Holder,
}

/// Who holds a token.
#[derive(Clone, Copy)]
pub(crate) enum Holder {
    /// The user that it is granted to.
    User,
    /// A guest whom that user invited to a site. [S1]
    Guest { site: Uuid },
}

impl Grant {
    pub(crate) fn may_refresh(&self) -> bool {
        self.scope.split(' ').any(|scope| scope == "offline_access")
    }

    /// Of this user; of anybody where none is named.
    fn is_of(&self, username: Option<&str>) -> bool {
        username.is_none_or(|name| *name == *self.username)
    }
}

/// What came of presenting a refresh token.
pub(crate) enum Redeemed {
    Granted(Grant),
    /// It was spent before: all tokens of its family are revoked now.
    Reused,
    /// Nobody's, another client's, revoked or expired.
    Unknown,
}

struct Issued {
    grant: Grant,
    expires_at: DateTime<Utc>,
}

struct Refresh {
    issued: Issued,
    spent: bool,
}

#[derive(Default)]
pub(crate) struct Tokens {
    access: HashMap<String, Issued>,
    refresh: HashMap<String, Refresh>,
}

impl Tokens {
    pub(crate) fn issue_access(
        &mut self,
        grant: Grant,
        now: DateTime<Utc>,
        lifetime: u32,
    ) -> String {
        self.access.retain(|_, issued| now < issued.expires_at);
        let expires_at = now + TimeDelta::seconds(i64::from(lifetime));
        let token = random_token();
        self.access.insert(token.clone(), Issued { grant, expires_at });
        token
    }

    pub(crate) fn issue_refresh(&mut self, grant: Grant, now: DateTime<Utc>) -> String {
        self.refresh.retain(|_, refresh| now < refresh.issued.expires_at);
        let token = random_token();
        let issued = Issued { grant, expires_at: now + REFRESH_LIFETIME };
        self.refresh.insert(token.clone(), Refresh { issued, spent: false });
        token
    }

    /// The grant of an access token that is neither expired nor revoked.
    pub(crate) fn access(&self, token: &str, now: DateTime<Utc>) -> Option<&Grant> {
        self.access.get(token).filter(|issued| now < issued.expires_at).map(|issued| &issued.grant)
    }

    /// Whose a refresh token is; it is not spent by asking.
    pub(crate) fn refresh_owner(&self, token: &str) -> Option<&str> {
        self.refresh.get(token).map(|refresh| &*refresh.issued.grant.username)
    }

    /// Redeems a refresh token of this client; it is spent afterwards.
    pub(crate) fn redeem(&mut self, token: &str, client: &str, now: DateTime<Utc>) -> Redeemed {
        let Some(refresh) = self.refresh.get_mut(token) else { return Redeemed::Unknown };
        let Issued { grant, expires_at } = &refresh.issued;
        if grant.client_id != client || now >= *expires_at {
            return Redeemed::Unknown;
        }
        let grant = grant.clone();
        if std::mem::replace(&mut refresh.spent, true) {
            self.revoke_family(grant.family);
            return Redeemed::Reused;
        }
        Redeemed::Granted(grant)
    }

    /// Revokes every token that came of one sign-in. The spent ones stay known, so that they are
    /// told from tokens that never were.
    pub(crate) fn revoke_family(&mut self, family: Uuid) {
        self.access.retain(|_, issued| issued.grant.family != family);
        self.refresh.retain(|_, refresh| refresh.spent || refresh.issued.grant.family != family);
    }

    /// Revokes access tokens, of one user or of all, and says how many.
    pub(crate) fn revoke_access(&mut self, username: Option<&str>) -> usize {
        let before = self.access.len();
        self.access.retain(|_, issued| !issued.grant.is_of(username));
        before - self.access.len()
    }

    /// Revokes refresh tokens, of one user or of all, and says how many.
    pub(crate) fn revoke_refresh(&mut self, username: Option<&str>) -> usize {
        let before = self.refresh.len();
        self.refresh.retain(|_, refresh| refresh.spent || !refresh.issued.grant.is_of(username));
        before - self.refresh.len()
    }
}

pub(super) fn random_token() -> String {
    Alphanumeric.sample_string(&mut rand::rng(), 43)
}
