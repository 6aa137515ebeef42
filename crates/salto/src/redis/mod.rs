//! Redis: calls with a time limit, encryption of what is stored there, and the check of its key.

pub(crate) mod key_check;
pub(crate) mod query;
pub mod seal;
