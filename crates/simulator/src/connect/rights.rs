//! What the caller may see and do.

use uuid::Uuid;

use super::refusal::Verdict;
use crate::cloud::Live;
use crate::world::{Iq, Site};

/// The site of a path, if it is a UUID (a site UID is not [M]) and the caller's.
pub(super) fn site<'a>(live: &'a Live, username: &str, id: &str) -> Result<&'a Site, Verdict> {
    let id: Uuid = id.parse().map_err(|_| Verdict::IdInvalid)?;
    let site = live.site(id).ok_or(Verdict::NotFound)?;
    if sees(live, username, id) { Ok(site) } else { Err(Verdict::NotFound) }
}

pub(super) fn iq<'a>(site: &'a Site, id: &str) -> Result<&'a Iq, Verdict> {
    let id: Uuid = id.parse().map_err(|_| Verdict::IdInvalid)?;
    site.iqs.iter().find(|iq| iq.id == id).ok_or(Verdict::NotFound)
}

pub(super) fn sees(live: &Live, username: &str, site: Uuid) -> bool {
    live.account(username).is_some_and(|(_, account)| {
        account.sites.as_ref().is_none_or(|sites| sites.contains(&site))
    })
}

/// Opening from afar takes the right to.
pub(super) fn may_open(live: &Live, username: &str) -> bool {
    live.account(username).is_some_and(|(_, account)| account.remote_access && !account.blocked)
}

/// Inviting a guest takes the role of a pod member. [S1]
pub(super) fn may_invite(live: &Live, username: &str) -> bool {
    has_role(live, username, "pod_member")
}

/// Activation takes the role that system users are given. [S1]
pub(super) fn may_activate(live: &Live, username: &str) -> bool {
    has_role(live, username, "site_admin")
}

fn has_role(live: &Live, username: &str, role: &str) -> bool {
    live.account(username)
        .is_some_and(|(_, account)| !account.blocked && account.roles.iter().any(|one| one == role))
}
