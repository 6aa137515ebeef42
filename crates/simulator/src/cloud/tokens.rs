//! Access and refresh tokens that are good at this moment.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use rand::distr::{Alphanumeric, SampleString};

/// "A much longer lifetime" [S1]; 30 days is a decision.
const REFRESH_LIFETIME: TimeDelta = TimeDelta::days(30);

/// What a token stands for.
#[derive(Clone)]
pub(crate) struct Grant {
    pub(crate) username: Arc<str>,
    pub(crate) client_id: String,
    /// Space separated, as granted.
    pub(crate) scope: String,
}

impl Grant {
    pub(crate) fn may_refresh(&self) -> bool {
        self.scope.split(' ').any(|scope| scope == "offline_access")
    }
}

struct Issued {
    grant: Grant,
    expires_at: DateTime<Utc>,
}

#[derive(Default)]
pub(crate) struct Tokens {
    access: HashMap<String, Issued>,
    refresh: HashMap<String, Issued>,
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
        let token = random_token();
        self.refresh.insert(token.clone(), Issued { grant, expires_at: now + REFRESH_LIFETIME });
        token
    }

    /// The grant of an access token that is neither expired nor revoked.
    pub(crate) fn access(&self, token: &str, now: DateTime<Utc>) -> Option<&Grant> {
        self.access.get(token).filter(|issued| now < issued.expires_at).map(|issued| &issued.grant)
    }

    /// Whose a refresh token is; it is not spent by asking.
    pub(crate) fn refresh_owner(&self, token: &str) -> Option<&str> {
        self.refresh.get(token).map(|issued| &*issued.grant.username)
    }

    /// Redeems a refresh token of this client; it is spent afterwards.
    pub(crate) fn redeem(
        &mut self,
        token: &str,
        client: &str,
        now: DateTime<Utc>,
    ) -> Option<Grant> {
        let theirs = self.refresh.get(token).is_some_and(|issued| issued.grant.client_id == client);
        let issued = if theirs { self.refresh.remove(token) } else { None };
        issued.filter(|issued| now < issued.expires_at).map(|issued| issued.grant)
    }

    /// Revokes access tokens, of one user or of all, and says how many.
    pub(crate) fn revoke_access(&mut self, username: Option<&str>) -> usize {
        revoke(&mut self.access, username)
    }

    /// Revokes refresh tokens, of one user or of all, and says how many.
    pub(crate) fn revoke_refresh(&mut self, username: Option<&str>) -> usize {
        revoke(&mut self.refresh, username)
    }
}

fn revoke(tokens: &mut HashMap<String, Issued>, username: Option<&str>) -> usize {
    let before = tokens.len();
    tokens.retain(|_, issued| username.is_some_and(|name| *name != *issued.grant.username));
    before - tokens.len()
}

fn random_token() -> String {
    Alphanumeric.sample_string(&mut rand::rng(), 43)
}
