//! What a user may see and do.

use uuid::Uuid;

use crate::cloud::CloudState;
use crate::wire::Refusal;
use crate::world::{Account, Iq, Site};

/// The site in a path. The id must be a UUID, a site UID is refused; a site that the user may not see
/// is answered like one that does not exist.
pub(super) fn site<'a>(
    state: &'a CloudState,
    username: &str,
    id: &str,
) -> Result<&'a Site, Refusal> {
    let id: Uuid = id.parse().map_err(|_| Refusal::IdInvalid)?;
    let site = state.site(id).ok_or(Refusal::SiteNotFound)?;
    if may_see(state, username, id) { Ok(site) } else { Err(Refusal::SiteNotFound) }
}

/// The IQ in a path.
pub(super) fn iq<'a>(site: &'a Site, id: &str) -> Result<&'a Iq, Refusal> {
    let id: Uuid = id.parse().map_err(|_| Refusal::IdInvalid)?;
    site.iqs.iter().find(|iq| iq.id == id).ok_or(Refusal::IqNotFound)
}

pub(super) fn may_see(state: &CloudState, username: &str, site: Uuid) -> bool {
    state
        .account(username)
        .is_some_and(|account| account.sites.as_ref().is_none_or(|sites| sites.contains(&site)))
}

/// Activating an IQ and opening a lock need the right `remote_access`, and no role (`docs/salto-ks.md`, Connect
/// API, on `GET /sites/{id}/me`).
pub(super) fn may_open(state: &CloudState, username: &str) -> bool {
    active(state, username).is_some_and(|account| account.remote_access)
}

/// Opening a lock in privacy mode needs a right of its own.
pub(super) fn may_override_privacy(state: &CloudState, username: &str) -> bool {
    state.account(username).is_some_and(|account| account.override_privacy_mode)
}

/// Inviting a guest needs the role of a pod member (`docs/salto-ks.md`, Tokens).
pub(super) fn may_invite(state: &CloudState, username: &str) -> bool {
    active(state, username)
        .is_some_and(|account| account.roles.iter().any(|role| role == "pod_member"))
}

/// All events of a site are for its admins; every user gets its own (`docs/salto-ks.md`, The event stream).
pub(super) fn may_stream_all(state: &CloudState, username: &str) -> bool {
    active(state, username)
        .is_some_and(|account| account.roles.iter().any(|role| role == "site_admin"))
}

/// An account that is neither blocked nor suspended.
fn active<'a>(state: &'a CloudState, username: &str) -> Option<&'a Account> {
    state.account(username).filter(|account| !account.blocked && !account.suspended)
}
