//! What an operator does, without a terminal, a command line or HTTP: commands and the console share it.
//!
//! [`iqs`] is the state of the IQs, and [`activation`] changes it; [`opening`] opens a door once. [`checks`] and
//! [`mapping`] say what an integration still needs, [`site`] what Salto lists. [`dead_letters`] lists, replays and drops messages that could not be
//! processed. [`explain`] says why a door opened or did not. Everything goes over the [`connections`] to RabbitMQ, Redis
//! and Salto. What an operation has to say meanwhile, it tells an [`Observer`].

pub mod activation;
pub mod checks;
pub mod connections;
pub mod dead_letters;
pub mod explain;
pub mod iqs;
pub mod mapping;
pub mod opening;
pub mod site;
pub mod text;

mod error;
mod integration;
mod observer;
mod otp_attempts;
#[cfg(test)]
mod testing;

pub use error::{OperationError, one_line};
pub use integration::check_configured;
pub use observer::{Observer, Progress, Walk};
