//! Connections of commands that no operation has.

pub(crate) mod event_subscription;
