//! The keys of the console.

use super::Keys;

impl Keys {
    /// A session at the console.
    pub(crate) fn session(&self, id_hash: &str) -> String {
        self.of("session", &[id_hash])
    }

    /// The number of sign-ins that were tried as this user.
    pub(crate) fn sign_ins_of_user(&self, user: &str) -> String {
        self.of("sign-ins:user", &[user])
    }

    /// The number of sign-ins that were tried from this address.
    pub(crate) fn sign_ins_of_address(&self, address: &str) -> String {
        self.of("sign-ins:address", &[address])
    }
}
