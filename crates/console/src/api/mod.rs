//! The API's handlers, with the types that they take and answer, of which the API's document is made.

pub(crate) mod integrations;
pub(crate) mod openapi;
pub(crate) mod session;
