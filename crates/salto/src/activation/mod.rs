//! The activation of an IQ: its secret and PIN, how they are stored, and how Salto gives them.

mod pin;
mod record;
mod steps;
mod store;

pub use pin::{KEEP_PIN, delta, is_pin};
pub use record::{Activation, ActivationState};
pub use steps::{ActivateError, Step, begin, finish, restart};
pub use store::{ActivationStore, Stored, activations_key};
