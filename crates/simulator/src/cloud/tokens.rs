//! Valid access and refresh tokens, and spent refresh tokens.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use rand::distr::{Alphanumeric, SampleString};
use uuid::Uuid;

use super::grant::{Grant, Redeemed};

/// Salto says that it is much longer than that of access tokens and gives no number. The simulator
/// uses 30 days.
const REFRESH_LIFETIME: TimeDelta = TimeDelta::days(30);

struct IssuedToken {
    grant: Grant,
    expires_at: DateTime<Utc>,
}

struct RefreshToken {
    issued: IssuedToken,
    spent: bool,
}

#[derive(Default)]
pub(crate) struct Tokens {
    access: HashMap<String, IssuedToken>,
    refresh: HashMap<String, RefreshToken>,
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
        self.access.insert(token.clone(), IssuedToken { grant, expires_at });
        token
    }

    pub(crate) fn issue_refresh(&mut self, grant: Grant, now: DateTime<Utc>) -> String {
        self.refresh.retain(|_, refresh| now < refresh.issued.expires_at);
        let token = random_token();
        let issued = IssuedToken { grant, expires_at: now + REFRESH_LIFETIME };
        self.refresh.insert(token.clone(), RefreshToken { issued, spent: false });
        token
    }

    /// The grant of an access token that is neither expired nor revoked.
    pub(crate) fn access(&self, token: &str, now: DateTime<Utc>) -> Option<&Grant> {
        self.access.get(token).filter(|issued| now < issued.expires_at).map(|issued| &issued.grant)
    }

    /// The user of a refresh token, without spending the token.
    pub(crate) fn refresh_owner(&self, token: &str) -> Option<&str> {
        self.refresh.get(token).map(|refresh| &*refresh.issued.grant.username)
    }

    /// Spends a refresh token of this client. A spent one revokes all tokens of its sign-in.
    pub(crate) fn redeem(
        &mut self,
        token: &str,
        client: &str,
        now: DateTime<Utc>,
    ) -> Redeemed<Grant> {
        let Some(refresh) = self.refresh.get_mut(token) else { return Redeemed::Unknown };
        let IssuedToken { grant, expires_at } = &refresh.issued;
        if grant.client_id != client || now >= *expires_at {
            return Redeemed::Unknown;
        }
        let grant = grant.clone();
        if std::mem::replace(&mut refresh.spent, true) {
            self.revoke_family(grant.family);
            return Redeemed::Reused(grant);
        }
        Redeemed::Granted(grant)
    }

    /// Revokes every token of one sign-in. Spent refresh tokens are kept, so that using one again is
    /// recognised.
    pub(crate) fn revoke_family(&mut self, family: Uuid) {
        self.access.retain(|_, issued| issued.grant.family != family);
        self.refresh.retain(|_, refresh| refresh.spent || refresh.issued.grant.family != family);
    }

    /// Revokes the access tokens of one user or of all users. Returns their number.
    pub(crate) fn revoke_access(&mut self, username: Option<&str>) -> usize {
        let before = self.access.len();
        self.access.retain(|_, issued| !issued.grant.is_for(username));
        before - self.access.len()
    }

    /// Revokes the refresh tokens of one user or of all users. Returns their number.
    pub(crate) fn revoke_refresh(&mut self, username: Option<&str>) -> usize {
        let before = self.refresh.len();
        self.refresh.retain(|_, refresh| refresh.spent || !refresh.issued.grant.is_for(username));
        before - self.refresh.len()
    }
}

/// 43 letters and digits: about 256 bits.
pub(super) fn random_token() -> String {
    Alphanumeric.sample_string(&mut rand::rng(), 43)
}
