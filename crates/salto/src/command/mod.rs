//! The open command and its rehearsal: what it needs, how it is sent, and when it is held back.

pub(crate) mod permission;
pub(crate) mod prepared;
pub(crate) mod send;
mod send_guard;
