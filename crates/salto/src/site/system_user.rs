//! The system user at its site: its roles and rights, for diagnosis.

use serde_json::Value;

use super::Site;
use crate::error::CallError;
use crate::http::answer::CallTarget;

/// The system user at its site (`docs/salto-ks.md`, Connect API). A member that Salto does not send is
/// `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemUser {
    /// The codes of the user's roles. Roles of the site's own have the rights that the site gives them;
    /// `site_admin` is the simple way to all rights.
    pub roles: Option<Vec<String>>,
    /// Whether the user may open doors remotely.
    pub remote_access: Option<bool>,
    /// Whether the user is blocked at the site.
    pub blocked: Option<bool>,
    /// The state of the user's own seat in Salto's terms: `subscribed` or `suspended`.
    pub subscription_state: Option<String>,
}

impl Site {
    /// The account's user at its site, read now.
    ///
    /// # Errors
    /// A call failed, or the account has no such site.
    pub async fn system_user(&self) -> Result<SystemUser, CallError> {
        let url = self.calls.site_url(&["me"]).await?;
        let answer = self.calls.get(url, CallTarget::Site).await?;
        let body: Value = serde_json::from_slice(&answer.body)
            .map_err(|_| CallError::unreadable("the answer is not JSON"))?;
        Ok(SystemUser::read(&body))
    }
}

impl SystemUser {
    fn read(body: &Value) -> Self {
        let roles = |roles: &Vec<Value>| roles.iter().filter_map(role_code).collect();
        Self {
            roles: body["roles"].as_array().map(roles),
            remote_access: body["remote_access"].as_bool(),
            blocked: body["blocked"].as_bool(),
            subscription_state: body["subscription_state"].as_str().map(str::to_owned),
        }
    }
}

/// The code of a role, else its name, else its id. A role is an object; a text is its code.
fn role_code(role: &Value) -> Option<String> {
    let members = ["code", "customer_reference", "id"];
    let code = role.as_str().or_else(|| members.iter().find_map(|member| role[*member].as_str()));
    code.filter(|code| !code.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    use serde_json::json;

    #[test]
    fn members_that_salto_does_not_send_are_none() {
        let nothing = SystemUser::read(&json!({"roles": null, "remote_access": "yes"}));
        assert_eq!((nothing.roles, nothing.remote_access), (None, None));
        let full = SystemUser::read(&json!({
            "roles": [
                {
                    "id": "0f6f1a52-0000-4000-8000-000000000001", "customer_reference": "Booking system",
                    "code": "remote_opening", "parent_id": null, "is_hierarchical": false,
                },
                {"id": "0f6f1a52-0000-4000-8000-000000000002", "code": null},
                "site_admin", 7,
            ],
            "remote_access": true, "blocked": false, "subscription_state": "subscribed", "new": [],
        }));
        let roles = ["remote_opening", "0f6f1a52-0000-4000-8000-000000000002", "site_admin"];
        assert_eq!(full.roles, Some(roles.map(str::to_owned).to_vec()));
        assert_eq!((full.remote_access, full.blocked), (Some(true), Some(false)));
        assert_eq!(full.subscription_state.as_deref(), Some("subscribed"));
    }
}
