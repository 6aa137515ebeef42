//! Connections of operations to RabbitMQ, Redis and Salto, and the advice where one fails.

pub mod advice;
pub mod broker;
pub mod pause;
pub mod redis_durability;
pub mod shared_connections;
pub mod site_access;
pub mod store_failure;
pub mod visible_sites;
