//! The check of a world. It reports every mistake with its path and never shows secrets.

use thiserror::Error;
use url::Url;

use super::mistakes::Mistakes;
use super::model::{Account, Client, Site, World};

/// Why a world is refused.
#[derive(Debug, Error)]
pub enum WorldError {
    /// No JSON, or an unknown or missing member, or one of the wrong type.
    #[error("the world has the wrong shape: {0}")]
    Shape(#[from] serde_json::Error),
    /// Members that contradict each other or the platform, one line per mistake.
    #[error("the world has mistakes:\n  {}", .0.join("\n  "))]
    Mistakes(Vec<String>),
}

impl World {
    /// Reads and checks a world file.
    ///
    /// # Errors
    /// Every mistake with its path in the file.
    pub fn from_json(text: &[u8]) -> Result<Self, WorldError> {
        let world: Self = serde_json::from_slice(text)?;
        world.check()?;
        Ok(world)
    }

    pub(crate) fn check(&self) -> Result<(), WorldError> {
        let mut mistakes = Mistakes::default();
        self.check_clients(&mut mistakes);
        self.check_accounts(&mut mistakes);
        self.check_sites(&mut mistakes);
        if self.settings.otp_failures == 0 {
            mistakes.add("settings.otp_failures", "must be 1 or more, not 0");
        }
        if self.settings.token_lifetime_seconds == 0 {
            mistakes.add("settings.token_lifetime_seconds", "must be 1 or more, not 0");
        }
        let mistakes = mistakes.into_lines();
        if mistakes.is_empty() { Ok(()) } else { Err(WorldError::Mistakes(mistakes)) }
    }

    fn check_clients(&self, mistakes: &mut Mistakes) {
        mistakes.require_unique("clients", "id", self.clients.iter().map(|client| &client.id));
        for (index, client) in self.clients.iter().enumerate() {
            let Client { id, secret, scopes, redirect_uris } = client;
            let path = format!("clients[{index}]");
            mistakes.require_text(&format!("{path}.id"), id);
            if let Some(secret) = secret {
                mistakes.require_text(&format!("{path}.secret"), secret);
            }
            for uri in redirect_uris.iter().filter(|uri| !is_redirect_uri(uri)) {
                let problem = format!("must be absolute URLs without a fragment, not {uri:?}");
                mistakes.add(&format!("{path}.redirect_uris"), &problem);
            }
            if scopes.is_empty()
                || scopes.iter().any(|scope| scope.is_empty() || scope.contains(' '))
            {
                let problem = format!("must be one or more scopes without spaces, not {scopes:?}");
                mistakes.add(&format!("{path}.scopes"), &problem);
            }
        }
    }

    fn check_accounts(&self, mistakes: &mut Mistakes) {
        mistakes.require_unique(
            "accounts",
            "username",
            self.accounts.iter().map(|account| &account.username),
        );
        for (index, account) in self.accounts.iter().enumerate() {
            let Account {
                username,
                password,
                roles,
                sites,
                remote_access: _,
                suspended: _,
                blocked: _,
                override_privacy_mode: _,
            } = account;
            let path = format!("accounts[{index}]");
            mistakes.require_text(&format!("{path}.username"), username);
            mistakes.require_text(&format!("{path}.password"), password);
            for role in roles.iter().filter(|role| !is_role(role)) {
                let problem =
                    format!("must be roles such as site_admin or pod_member, not {role:?}");
                mistakes.add(&format!("{path}.roles"), &problem);
            }
            for id in sites.iter().flatten() {
                if !self.sites.iter().any(|site| site.id == *id) {
                    mistakes.add(&format!("{path}.sites"), &format!("there is no site {id}"));
                }
            }
        }
    }

    fn check_sites(&self, mistakes: &mut Mistakes) {
        let sites = &self.sites;
        mistakes.require_unique("sites", "id", sites.iter().map(|site| site.id));
        mistakes.require_unique("sites", "site_uid", sites.iter().map(|site| &site.site_uid));
        mistakes.require_unique(
            "iqs",
            "id",
            sites.iter().flat_map(|site| site.iqs.iter().map(|iq| iq.id)),
        );
        mistakes.require_unique(
            "locks",
            "id",
            sites.iter().flat_map(|site| site.locks.iter().map(|lock| lock.id)),
        );
        for (index, site) in sites.iter().enumerate() {
            let path = format!("sites[{index}]");
            mistakes.require_text(&format!("{path}.site_uid"), &site.site_uid);
            self.check_iqs(site, &path, mistakes);
            for (index, lock) in site.locks.iter().enumerate() {
                let missing = lock.iq_id.filter(|id| !site.iqs.iter().any(|iq| iq.id == *id));
                if let Some(id) = missing {
                    let problem = format!("the site has no IQ {id}");
                    mistakes.add(&format!("{path}.locks[{index}].iq_id"), &problem);
                }
            }
        }
    }

    fn check_iqs(&self, site: &Site, site_path: &str, mistakes: &mut Mistakes) {
        for (index, iq) in site.iqs.iter().enumerate() {
            let path = format!("{site_path}.iqs[{index}]");
            if !is_secret(&iq.secret) {
                mistakes.add(&format!("{path}.secret"), "must be 16 letters and digits");
            }
            if !is_pin(&iq.pin) {
                mistakes.add(&format!("{path}.pin"), "must be 4 digits");
            }
            for (index, key) in iq.other_keys.iter().enumerate() {
                let path = format!("{path}.other_keys[{index}]");
                if !is_secret(&key.secret) {
                    mistakes.add(&format!("{path}.secret"), "must be 16 letters and digits");
                }
                if !is_pin(&key.pin) {
                    mistakes.add(&format!("{path}.pin"), "must be 4 digits");
                }
            }
            for activation in &iq.activated_for {
                let name = &activation.username;
                if !self.accounts.iter().any(|account| account.username == *name) {
                    let problem = format!("there is no account {name:?}");
                    mistakes.add(&format!("{path}.activated_for"), &problem);
                }
            }
        }
    }
}

/// An absolute URL without a fragment (RFC 6749, 3.1.2).
fn is_redirect_uri(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| url.fragment().is_none())
}

/// Lower-case letters and underscores, as in every role seen (`docs/salto-ks.md`, Connect API). Any such
/// name is allowed, because sites have roles of their own.
fn is_role(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// A secret has 16 characters (`docs/salto-ks.md`, Connect API). Only letters and digits were seen.
fn is_secret(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// A PIN or a delta is text of 4 digits (`docs/salto-ks.md`, Connect API).
pub(crate) fn is_pin(text: &str) -> bool {
    text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn refusal(change: impl FnOnce(&mut Value)) -> String {
        let mut world = serde_json::to_value(World::builtin()).unwrap();
        change(&mut world);
        match World::from_json(world.to_string().as_bytes()) {
            Ok(_) => panic!("accepted"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_builtin_world_is_a_valid_world_file() {
        let text = serde_json::to_vec(&World::builtin()).unwrap();
        assert!(World::from_json(&text).is_ok());
    }

    #[test]
    fn all_mistakes_are_reported_together_each_with_its_path() {
        let text = refusal(|world| {
            world["sites"][0]["iqs"][1]["pin"] = json!("12a4");
            world["sites"][0]["iqs"][0]["secret"] = json!("too-short-secret");
            world["sites"][0]["locks"][3]["iq_id"] = json!(uuid::Uuid::nil());
            world["accounts"][1]["roles"] = json!(["site_admin", "pod-member"]);
            world["accounts"][0]["sites"] = json!([uuid::Uuid::nil()]);
            world["sites"][0]["iqs"][0]["activated_for"] = json!(["unknown"]);
            let client = world["clients"][0].clone();
            world["clients"].as_array_mut().unwrap().push(client);
            world["clients"][1]["redirect_uris"] = json!(["/signed-in"]);
        });
        for expected in [
            "sites[0].iqs[1].pin: must be 4 digits",
            "sites[0].iqs[0].secret: must be 16 letters and digits",
            "sites[0].locks[3].iq_id: the site has no IQ 00000000",
            "accounts[1].roles: must be roles such as site_admin or pod_member, not \"pod-member\"",
            "accounts[0].sites: there is no site 00000000",
            "sites[0].iqs[0].activated_for: there is no account \"unknown\"",
            "clients: id postern-demo appears twice",
            "clients[1].redirect_uris: must be absolute URLs without a fragment, not \"/signed-in\"",
        ] {
            assert!(text.contains(expected), "{expected} is missing in: {text}");
        }
        assert!(!text.contains("too-short-secret"));
    }

    #[test]
    fn an_unknown_member_is_reported_by_name() {
        let text = refusal(|world| world["sites"][0]["iqs"][0]["colour"] = json!("red"));
        assert!(text.contains("colour"), "{text}");
    }
}
