//! A model of the ledger, and its tie to the code.
//!
//! [`transition`] is the ledger as a function. [`system`] puts workers, RabbitMQ and faults around it, and the
//! properties of `docs/contract.md` (invariants 1 to 4). [`check`] looks at every history within bounds.

pub mod check;
pub mod rule_set;
pub mod runs;
pub mod system;
pub mod transition;
