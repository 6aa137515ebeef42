//! What a token grants.

use std::sync::Arc;

use uuid::Uuid;

/// What was granted to the holder of a token.
#[derive(Clone)]
pub(crate) struct Grant {
    pub(crate) username: Arc<str>,
    pub(crate) client_id: String,
    /// Separated by spaces, as granted.
    pub(crate) scope: String,
    /// The id of the sign-in. All tokens refreshed from it have the same.
    pub(crate) family: Uuid,
    pub(crate) holder: Holder,
}

/// The holder of a token.
#[derive(Clone, Copy)]
pub(crate) enum Holder {
    /// The user that it was granted to.
    User,
    /// A guest whom that user invited to a site (`docs/salto-ks.md`, Tokens).
    Guest { site: Uuid },
}

impl Grant {
    pub(crate) fn may_refresh(&self) -> bool {
        self.scope.split(' ').any(|scope| scope == "offline_access")
    }

    /// Whether it is for this user; always true where no user is given.
    pub(super) fn is_for(&self, username: Option<&str>) -> bool {
        username.is_none_or(|name| *name == *self.username)
    }
}

/// The result of presenting a code or a refresh token, each of which can be used once.
pub(crate) enum Redeemed<T> {
    /// It is valid, and spent from now on.
    Granted(T),
    /// It was spent before.
    Reused(T),
    /// It does not exist, has expired, was revoked, or is for another client.
    Unknown,
}
