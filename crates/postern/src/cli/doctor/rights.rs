//! What the system user may do at its site.

use salto::SystemUser;

use super::finding::{About, Finding};
use crate::cli::output::names;

/// What a system user needs: the role \[S1\], remote access, and not to be blocked \[M\].
pub(super) fn check(about: About<'_>, standing: &SystemUser) -> Finding {
    if standing.blocked == Some(true) {
        return about
            .broken("the system user is blocked", "have it unblocked at the site, in Salto");
    }
    if standing.remote_access == Some(false) {
        return about.broken(
            "the system user may not open doors from afar",
            "have remote access switched on for it at the site, in Salto",
        );
    }
    if let Some(state) = standing.subscription_state.as_deref()
        && !state.eq_ignore_ascii_case("active")
    {
        return about.warning(
            format!("the site's subscription is {state:?}"),
            "have the subscription looked at, in Salto",
        );
    }
    match &standing.roles {
        Some(roles) if !roles.iter().any(|role| role == "site_admin") => about.warning(
            format!("its roles are {}; site_admin is not one", names(roles)),
            "have it given the role site_admin at the site: IQs cannot be activated without",
        ),
        Some(roles) => about.ok(format!("{}, remote access", names(roles))),
        None => about.note("Salto does not tell its roles"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    fn standing() -> SystemUser {
        SystemUser {
            roles: Some(vec!["site_admin".into()]),
            remote_access: Some(true),
            blocked: Some(false),
            subscription_state: Some("active".into()),
        }
    }

    #[test]
    fn each_missing_right_is_told() {
        let level = |standing| check(About("salto.rights", "acme"), &standing).level;
        assert_eq!(level(standing()), Level::Ok);
        assert_eq!(level(SystemUser { blocked: Some(true), ..standing() }), Level::Broken);
        assert_eq!(level(SystemUser { remote_access: Some(false), ..standing() }), Level::Broken);
        let ended = Some("expired".to_owned());
        assert_eq!(level(SystemUser { subscription_state: ended, ..standing() }), Level::Warning);
        assert_eq!(level(SystemUser { roles: Some(vec![]), ..standing() }), Level::Warning);
        let silent = SystemUser {
            roles: None,
            remote_access: None,
            blocked: None,
            subscription_state: None,
        };
        assert_eq!(level(silent), Level::Note);
    }
}
