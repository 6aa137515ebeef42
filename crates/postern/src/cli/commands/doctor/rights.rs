//! The rights of the system user at its site.

use salto::SystemUser;

use super::finding::{Check, Finding};
use crate::cli::terminal::text::join_or_none;

/// A system user needs a role, remote access, and must not be blocked (docs/salto-ks.md, Connect API).
pub(super) fn check(check: Check<'_>, user: &SystemUser) -> Finding {
    if user.blocked == Some(true) {
        return check.broken("the system user is blocked", "unblock it at the site in Salto");
    }
    if user.remote_access == Some(false) {
        return check.broken(
            "the system user has no remote access",
            "switch remote access on for it at the site in Salto",
        );
    }
    if let Some(state) = user.subscription_state.as_deref()
        && !state.eq_ignore_ascii_case("active")
    {
        return check.warning(
            format!("the site's subscription is {state:?}"),
            "check the subscription in Salto",
        );
    }
    match &user.roles {
        Some(roles) if !roles.iter().any(|role| role == "site_admin") => check.warning(
            format!("its roles are {}; site_admin is not one", join_or_none(roles)),
            "give it the role site_admin at the site: IQs cannot be activated without it",
        ),
        Some(roles) => check.ok(format!("{}, remote access", join_or_none(roles))),
        None => check.note("Salto does not show its roles"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::commands::doctor::finding::Level;

    fn user() -> SystemUser {
        SystemUser {
            roles: Some(vec!["site_admin".into()]),
            remote_access: Some(true),
            blocked: Some(false),
            subscription_state: Some("active".into()),
        }
    }

    #[test]
    fn each_missing_right_is_found() {
        let level = |user| check(Check::new("salto.rights", "acme"), &user).level;
        assert_eq!(level(user()), Level::Ok);
        assert_eq!(level(SystemUser { blocked: Some(true), ..user() }), Level::Broken);
        assert_eq!(level(SystemUser { remote_access: Some(false), ..user() }), Level::Broken);
        let ended = Some("expired".to_owned());
        assert_eq!(level(SystemUser { subscription_state: ended, ..user() }), Level::Warning);
        assert_eq!(level(SystemUser { roles: Some(vec![]), ..user() }), Level::Warning);
        let unknown = SystemUser {
            roles: None,
            remote_access: None,
            blocked: None,
            subscription_state: None,
        };
        assert_eq!(level(unknown), Level::Note);
    }
}
