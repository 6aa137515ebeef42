//! The API's handlers, with the types that they take and answer, of which the API's document is made.

pub(crate) mod activation;
pub(crate) mod audit;
pub(crate) mod bookings;
pub(crate) mod dead_letters;
pub(crate) mod doors;
pub(crate) mod events;
pub(crate) mod explanations;
pub(crate) mod integrations;
pub(crate) mod iqs;
pub(crate) mod jobs;
mod listener;
pub(crate) mod openapi;
pub(crate) mod openings;
mod operation;
pub(crate) mod session;
pub(crate) mod site;
