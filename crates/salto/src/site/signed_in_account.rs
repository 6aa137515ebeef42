//! The account that has signed in by the browser, for the operator who confirms it.

use reqwest::Method;
use reqwest::header::HeaderValue;
use serde_json::Value;
use url::Url;

use super::Site;
use super::info::SiteInfo;
use crate::environment::url::below;
use crate::error::{CallError, Cause};
use crate::http::answer::CallTarget;
use crate::http::pages::Pages;
use crate::http::salto_client::{Answer, Call};
use crate::token::NewLogin;

/// The account of a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedInAccount {
    /// What Salto calls the account: a user name, mail address or name, else its id. `None` where Salto does
    /// not say.
    pub name: Option<String>,
    /// The sites that the account sees.
    pub sites: Vec<SiteInfo>,
}

impl Site {
    /// The account that has signed in, as Salto describes it.
    ///
    /// # Errors
    /// A call failed.
    pub async fn signed_in_account(&self, login: &NewLogin) -> Result<SignedInAccount, CallError> {
        let root = &self.calls.client.environment.api_url;
        // That the call exists is known, what its answer holds beside `id` is not (docs/salto-ks.md, Connect API).
        let me = self.get_with(login, below(root, &["v1.2", "me"]), CallTarget::Unpublished).await;
        let name = match me {
            Ok(answer) => serde_json::from_slice(&answer.body).ok().as_ref().and_then(name),
            Err(error) if error.cause == Cause::Forbidden => None,
            Err(error) => return Err(error),
        };
        let mut pages = Pages::new(below(root, &["v1.2", "sites"]));
        while let Some(url) = pages.next() {
            pages.add(&self.get_with(login, url, CallTarget::Sites).await?.body)?;
        }
        Ok(SignedInAccount { name, sites: pages.items("sites") })
    }

    async fn get_with(
        &self,
        login: &NewLogin,
        url: Url,
        target: CallTarget<'_>,
    ) -> Result<Answer, CallError> {
        let bearer: HeaderValue = login.header();
        let call = Call { method: Method::GET, url, body: None, target };
        self.calls.client.call(bearer, call).await
    }
}

/// The first member by which a person recognises the account.
fn name(me: &Value) -> Option<String> {
    let member = |name: &str| {
        me[name].as_str().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let full_name = || match (member("first_name"), member("last_name")) {
        (Some(first), Some(last)) => Some(format!("{first} {last}")),
        (first, last) => first.or(last),
    };
    ["username", "email"]
        .into_iter()
        .find_map(member)
        .or_else(full_name)
        .or_else(|| ["name", "id"].into_iter().find_map(member))
}

#[cfg(test)]
mod tests {
    use super::*;

    use serde_json::json;

    #[test]
    fn an_account_is_named_by_what_a_person_recognises_first() {
        let full = json!({"id": "7", "email": "a@b.example", "username": " ", "first_name": "Ada"});
        assert_eq!(name(&full).as_deref(), Some("a@b.example"));
        let person = json!({"id": "7", "first_name": "Ada", "last_name": "L"});
        assert_eq!(name(&person).as_deref(), Some("Ada L"));
        assert_eq!(name(&json!({"id": "7", "first_name": 1})).as_deref(), Some("7"));
        assert_eq!(name(&json!([])), None);
    }
}
