//! The activation of IQs: begin it, finish it with a PIN, adopt a known secret, set another PIN, probe, forget.
//!
//! Whatever has Salto check a one-time password goes through [`crate::otp_attempts`], for one operator at a time, and
//! the answers are stored.

mod activate;
mod adopt;
mod forget;
mod pin_change;
mod probe;
mod probe_answer;
mod set_pin;
mod steps;

pub use activate::{Begun, IqActivation};
pub use adopt::{Adoption, SecretSource};
pub use forget::StoredActivation;
pub use probe::{ProbeResult, probe};
pub use set_pin::PinChange;
