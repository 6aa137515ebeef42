//! The API's handlers, with the types that they take and answer, of which the API's document is made.

pub(crate) mod audit;
pub(crate) mod bookings;
pub(crate) mod doors;
pub(crate) mod events;
pub(crate) mod integrations;
pub(crate) mod openapi;
pub(crate) mod session;
