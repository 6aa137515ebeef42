//! The activation of an IQ: its secret and PIN, how they are kept, how they are got.

mod record;
mod steps;
mod store;

pub use record::{Activation, ActivationState};
pub use steps::{ActivateError, Step, begin, finish};
pub use store::{ActivationStore, Stored, activations_key};
