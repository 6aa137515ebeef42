//! The rights of the system user at its site.

use crate::text::join_or_none;
use salto::SystemUser;

use super::finding::{Check, Finding};

/// A finding for each thing that prevents openings, or one that nothing does (docs/salto-ks.md, Connect API).
pub(super) fn check(check: Check<'_>, user: &SystemUser) -> Vec<Finding> {
    let mut findings = Vec::new();
    if user.blocked == Some(true) {
        findings.push(check.broken(
            "the system user is blocked at the site",
            "unblock it at the site in Salto KS",
        ));
    }
    if user.remote_access == Some(false) {
        findings.push(check.broken(
            "the system user has no remote access",
            "switch remote access on for it at the site in Salto KS",
        ));
    }
    findings.extend(user.subscription_state.as_deref().and_then(|state| seat(check, state)));
    if findings.is_empty() {
        findings.push(roles(check, user.roles.as_deref()));
    }
    findings
}

/// The finding about the user's own seat, where it is not in order.
fn seat(check: Check<'_>, state: &str) -> Option<Finding> {
    if state.eq_ignore_ascii_case("subscribed") {
        return None;
    }
    if state.eq_ignore_ascii_case("suspended") {
        return Some(check.broken(
            "the system user is suspended: it opens nothing",
            "give it a seat of the site's subscription in Salto KS",
        ));
    }
    Some(check.warning(
        format!("the subscription state of the system user is {state:?}, which is not known"),
        "if doors stay shut, give the user a seat of the site's subscription in Salto KS",
    ))
}

/// No role is required: a role of the site's own can have the right to lock and unlock remotely.
fn roles(check: Check<'_>, roles: Option<&[String]>) -> Finding {
    match roles {
        Some([]) => check.note(
            "Salto shows no role of the system user: activating IQs and opening doors need the right to \
             lock and unlock remotely; the role site_admin has it",
        ),
        Some(roles) => check.ok(format!("{}, remote access", join_or_none(roles))),
        None => check.note("Salto does not show the roles of the system user"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::finding::Level;

    fn user() -> SystemUser {
        SystemUser {
            roles: Some(vec!["remote_opening".into()]),
            remote_access: Some(true),
            blocked: Some(false),
            subscription_state: Some("subscribed".into()),
        }
    }

    fn levels(user: &SystemUser) -> Vec<Level> {
        check(Check::new("salto.rights", "acme"), user).iter().map(|it| it.level).collect()
    }

    #[test]
    fn each_missing_right_is_a_finding_of_its_own() {
        let seat = |state: &str| Some(state.to_owned());
        assert_eq!(levels(&user()), [Level::Ok], "site_admin is not required");
        assert_eq!(levels(&SystemUser { blocked: Some(true), ..user() }), [Level::Broken]);
        assert_eq!(levels(&SystemUser { remote_access: Some(false), ..user() }), [Level::Broken]);
        let suspended = SystemUser { subscription_state: seat("suspended"), ..user() };
        assert_eq!(levels(&suspended), [Level::Broken]);
        let unknown_seat = SystemUser { subscription_state: seat("paused"), ..user() };
        assert_eq!(levels(&unknown_seat), [Level::Warning]);
        assert_eq!(levels(&SystemUser { roles: Some(vec![]), ..user() }), [Level::Note]);
        let all = SystemUser { blocked: Some(true), remote_access: Some(false), ..suspended };
        assert_eq!(levels(&all), [Level::Broken; 3]);
        let unknown = SystemUser {
            roles: None,
            remote_access: None,
            blocked: None,
            subscription_state: None,
        };
        assert_eq!(levels(&unknown), [Level::Note]);
    }
}
