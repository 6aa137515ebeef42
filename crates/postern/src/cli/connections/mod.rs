//! Connections of commands to RabbitMQ, Redis and Salto, and the advice where one fails.

pub(crate) mod advice;
pub(crate) mod broker;
pub(crate) mod event_subscription;
pub(crate) mod pause;
pub(crate) mod redis_durability;
pub(crate) mod shared_connections;
pub(crate) mod site_access;
pub(crate) mod store_failure;
pub(crate) mod visible_sites;
