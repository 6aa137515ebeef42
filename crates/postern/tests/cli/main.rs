//! The built program, as an operator or a script runs it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "all of it is tests")]

mod audit;
mod broker;
mod check_event;
mod configuration;
mod dlq;
mod interrupt;
mod listening;
mod redis;
mod running;
mod settings;
mod usage;
mod worker;
