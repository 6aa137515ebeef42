//! The rules of postern: whether a door may open now, and what follows from the result of a command.
//!
//! Everything here is pure: no clock, no network, no randomness. Callers pass in the time and the
//! jitter, so that every answer can be repeated, explained and tested.
//!
//! - [`decide()`]: the rule itself; [`window`]: the window of a booking, which the rule checks.
//! - [`explain()`]: the same, rule by rule, with the inputs of each.
//! - [`reason`]: the reasons for which a request does not open a door.
//! - [`booking`]: a booking, and the order of its states.
//! - [`booking_states`]: the newest states of a booking, of which several may be tied.
//! - [`integration`]: the settings of an integration, as far as the rules need them.
//! - [`lock_ref`]: a lock, as the configuration names it.
//! - [`retry`]: the retry decision, after a command that was not accepted.
//! - [`delay`]: the wait before another attempt.
//! - [`command_queue`]: the wait for a permit of an IQ or a lock whose permits are all in use.
//!
//! [`coded_enum!`] declares the enums whose variants have a code on the wire.

mod coded_enum;

pub mod booking;
pub mod booking_states;
pub mod command_queue;
pub mod decide;
pub mod delay;
pub mod explain;
pub mod integration;
pub mod lock_ref;
pub mod reason;
pub mod retry;
pub mod window;

pub use booking::{Booking, BookingVersion};
pub use booking_states::BookingStates;
pub use command_queue::{CommandQueueLoad, CommandQueueWait};
pub use decide::{Decision, Opening, Rejection, Request, decide};
pub use delay::Delays;
pub use explain::{Rule, RuleInput, RuleResult, RuleStep, explain};
pub use integration::IntegrationRules;
pub use lock_ref::LockRef;
pub use reason::{FailedClass, FailedReason, RejectedReason, RiskReason};
pub use retry::{Certainty, Doubt, ResendLimits, RetryDecision, retry_decision};
pub use window::Window;
