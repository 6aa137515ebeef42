//! Secret and PIN of a user at an IQ (`docs/salto-ks.md`, The OTP).

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use super::model::{Iq, UserKey, World};

/// Secret and PIN of one user at one IQ.
pub(crate) struct SecretAndPin<'a> {
    pub(crate) secret: Cow<'a, str>,
    pub(crate) pin: Cow<'a, str>,
}

impl World {
    /// Whether an IQ's own `secret` and `pin` are this user's: the first account that may see the site.
    pub(crate) fn owns_keys(&self, iq: &Iq, username: &str) -> bool {
        let site = self.sites.iter().find(|site| site.iqs.iter().any(|other| other.id == iq.id));
        let mut accounts = self.accounts.iter();
        let first = accounts.find(|account| {
            let sites = account.sites.as_ref();
            sites.is_none_or(|sites| site.is_some_and(|site| sites.contains(&site.id)))
        });
        first.is_some_and(|account| account.username == username)
    }
}

impl Iq {
    /// Secret and PIN of a user, who owns the IQ's own ones or not.
    pub(crate) fn key_of(&self, username: &str, is_owner: bool) -> SecretAndPin<'_> {
        if is_owner {
            return SecretAndPin {
                secret: self.secret.as_str().into(),
                pin: self.pin.as_str().into(),
            };
        }
        match self.other_keys.iter().find(|key| key.username == username) {
            Some(key) => {
                SecretAndPin { secret: key.secret.as_str().into(), pin: key.pin.as_str().into() }
            }
            None => self.made_key(username),
        }
    }

    /// Sets the PIN of a user.
    pub(crate) fn set_pin(&mut self, username: &str, is_owner: bool, pin: String) {
        if is_owner {
            self.pin = pin;
            return;
        }
        let secret = self.key_of(username, false).secret.into_owned();
        self.other_keys.retain(|key| key.username != username);
        self.other_keys.push(UserKey { username: username.to_owned(), secret, pin });
    }

    /// The key of a user that the world does not name: the same each time.
    fn made_key(&self, username: &str) -> SecretAndPin<'static> {
        let digest = Sha256::new()
            .chain_update(self.id.as_bytes())
            .chain_update(username.as_bytes())
            .finalize();
        let secret: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let pin: String =
            digest.iter().rev().take(4).map(|byte| char::from(b'0' + byte % 10)).collect();
        SecretAndPin { secret: secret.into(), pin: pin.into() }
    }
}
