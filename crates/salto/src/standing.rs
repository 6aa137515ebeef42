//! Who the system user is at the site, and whether it can sign in: for people who look for what is
//! wrong.

use serde_json::Value;

use crate::answer::Subject;
use crate::error::CallError;
use crate::site::Site;

/// The system user at the site \[M\]. What Salto does not say is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its roles; a system user is to be `site_admin` \[S1\].
    pub roles: Option<Vec<String>>,
    /// Whether it may open doors from afar.
    pub remote_access: Option<bool>,
    /// Whether it is blocked at the site.
    pub blocked: Option<bool>,
    /// Salto's word for the site's subscription, such as `active`.
    pub subscription_state: Option<String>,
}

impl Site {
    /// Whether the account has a token or gets one. A token that another process keeps in the cache
    /// serves, and credentials that were rejected not long ago are not tried again.
    ///
    /// # Errors
    /// There is none to be had.
    pub async fn sign_in(&self) -> Result<(), CallError> {
        self.calls.tokens.get().await.map(drop)
    }

    /// Who the account is at its site.
    ///
    /// # Errors
    /// A call failed, or the account has no such site.
    pub async fn standing(&self) -> Result<Standing, CallError> {
        let url = self.calls.site_url(&["me"]).await?;
        let answer = self.calls.get(url, Subject::Site).await?;
        let body: Value = serde_json::from_slice(&answer.body)
            .map_err(|_| CallError::unreadable("the answer is not JSON"))?;
        Ok(Standing::read(&body))
    }
}

impl Standing {
    fn read(body: &Value) -> Self {
        let roles = |roles: &Vec<Value>| {
            roles.iter().filter_map(|role| role.as_str().map(str::to_owned)).collect()
        };
        Self {
            roles: body["roles"].as_array().map(roles),
            remote_access: body["remote_access"].as_bool(),
            blocked: body["blocked"].as_bool(),
            subscription_state: body["subscription_state"].as_str().map(str::to_owned),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use serde_json::json;

    #[test]
    fn what_salto_does_not_say_is_not_known() {
        let nothing = Standing::read(&json!({"roles": null, "remote_access": "yes"}));
        assert_eq!((nothing.roles, nothing.remote_access), (None, None));
        let said = Standing::read(&json!({
            "roles": ["site_admin", 7], "remote_access": true, "blocked": false,
            "subscription_state": "active", "new": [],
        }));
        assert_eq!(said.roles, Some(vec!["site_admin".to_owned()]));
        assert_eq!((said.remote_access, said.blocked), (Some(true), Some(false)));
        assert_eq!(said.subscription_state.as_deref(), Some("active"));
    }
}
