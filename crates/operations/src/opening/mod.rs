//! An operator opens a door once: through the same guards as a guest's request, with a line of the audit.

mod audit_line;
mod command;
mod reason;
mod test_opening;

pub use reason::Reason;
pub use test_opening::{EndedOpening, OpenedBy, OpeningOutcome, OpeningResult, TestOpening};
