//! Checks of everything that a door of an integration needs to open, with the next step for each.
//!
//! One file per subject. [`Finding`] is the result of a check, [`Deadline`] the time limit of all
//! checks together. Nothing is created or changed, except that a sign-in stores its token in Redis,
//! which the workers use too.

mod deadline;
mod finding;
mod integration;
mod iqs;
mod mapping;
mod open_times;
mod rights;

pub use deadline::{Deadline, DeadlineExceeded};
pub use finding::{Check, Finding, Level};
pub use integration::{IntegrationFindings, check_integration};
