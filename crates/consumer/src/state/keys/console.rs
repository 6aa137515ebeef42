//! The keys of the console.

use super::{Keys, key_part::encode};

impl Keys {
    /// A session at the console.
    pub(crate) fn session(&self, id_hash: &str) -> String {
        format!("{}session:{id_hash}", self.prefix)
    }

    /// How often this user tried to sign in at the console.
    pub(crate) fn sign_ins_of_user(&self, user: &str) -> String {
        format!("{}sign-ins:user:{}", self.prefix, encode(user))
    }

    /// How often somebody at this address tried to sign in at the console.
    pub(crate) fn sign_ins_of_address(&self, address: &str) -> String {
        format!("{}sign-ins:address:{}", self.prefix, encode(address))
    }
}
