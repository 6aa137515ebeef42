//! Redis: calls with a time limit, patterns of keys, encryption of what is stored there, and the check and
//! the rotation of its key.

pub(crate) mod key_check;
pub(crate) mod key_pattern;
pub(crate) mod query;
pub(crate) mod rotation;
pub mod seal;
pub(crate) mod sealed_place;
