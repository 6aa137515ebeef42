//! RabbitMQ, inward: the supervised session, its two subscriptions, and what a delivery can do with them.

pub(crate) mod dead_letter;
pub(crate) mod delivery;
pub(crate) mod poison_guard;
pub(crate) mod receiver;
pub(crate) mod session;
pub(crate) mod session_handle;
pub(crate) mod subscription;
