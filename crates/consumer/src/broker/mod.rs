//! RabbitMQ, inward: subscriptions and receivers, what a delivery can do with its session, the places of
//! open requests, parking, dead letters, the poison guard, and the routing keys that no queue takes. The session itself is in
//! [`crate::process`], because it starts the steps.

pub(crate) mod dead_letter;
pub(crate) mod delivery;
pub(crate) mod park;
pub(crate) mod places;
pub(crate) mod poison_guard;
pub(crate) mod receiver;
pub(crate) mod session_handle;
pub(crate) mod subscription;
pub(crate) mod unrouted_keys;
pub(crate) mod wait_reason;
