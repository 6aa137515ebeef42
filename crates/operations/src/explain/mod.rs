//! Why a door opened or did not open, or whether it would open now.
//!
//! [`Explanation::of`] reads what Redis has, evaluates the rules, and asks Salto for the IQ of the lock.
//! [`sources_of`] finds the source of a request.

mod door;
mod explanation;
mod records;
mod reports;
mod sources;

pub use door::DoorState;
pub use explanation::Explanation;
pub use records::{BookingSelection, RequestSelection, Selection};
pub use reports::{BookingReport, RequestReport, RuleReport};
pub use sources::{FoundSources, sources_of};
