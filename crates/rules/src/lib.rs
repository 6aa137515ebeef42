//! The rules of postern: may this door open now, and what follows from what came of it.
//!
//! Everything here is pure: no clock, no network, no randomness. Callers pass in the time and the
//! dice, so that every answer can be repeated, explained and tested.
//!
//! - [`reason`]: why a request is not an opened door, in the contract's words.
//! - [`booking`]: what a booking is, and which of two states of it is the newer one.
//! - [`integration`]: one customer's settings, as far as the rules need them.
//! - [`decide()`]: the rule itself.
//! - [`explain()`]: the same, rule by rule, with what each looked at.
//! - [`after`]: what follows from an open command that did not open the door.
//! - [`delay`]: how long to wait before trying again.
//! - [`turn`]: how to wait for a turn at an IQ that is at its limit.

pub mod after;
pub mod booking;
pub mod decide;
pub mod delay;
pub mod explain;
pub mod integration;
pub mod reason;
pub mod turn;

pub use after::{Certainty, Doubt, Next, ResendLimits};
pub use booking::{Booking, BookingVersion};
pub use decide::{Decision, Opening, Rejection, Request, decide};
pub use delay::Delays;
pub use explain::{Rule, Seen, Step, Verdict, explain};
pub use integration::Integration;
pub use reason::{FailedClass, FailedReason, RejectedReason};
pub use turn::{Crowd, Turn};
