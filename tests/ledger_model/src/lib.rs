//! A model of the ledger, and its tie to the code.
//!
//! [`transition`] is the ledger as a function: what the scripts in Redis do with the record of a request.
//! [`system`] puts two or three workers, RabbitMQ and faults around it, with what really happened beside it, and
//! the invariants 1 to 4 of `docs/contract.md` as properties. [`check`] looks at every history within the bounds
//! of [`runs`]: bounded ones in the tests, deep ones by `make model`. [`rule_set`] has earlier rules: the checker
//! must find in each of them the history that breaks a property.
//!
//! # What a run covers
//!
//! A claim, an outcome and a release are applied once, applied with their reply lost and then repeated, or
//! delayed until others have overtaken them. A command is accepted, has no effect, is refused or is not answered;
//! Salto's log may show the opening later. Answers are confirmed or returned; failed requests make dead letters,
//! which are replayed. A worker crashes at any step, loses its session or its heartbeat; leases lapse; Redis'
//! clock steps back or forward; the booking changes and changes back; records expire; a failover loses the last
//! write. Each kind has a budget, and time has few ticks: within them, all histories are looked at.
//!
//! A tick is longer than the freshness limit, so a command leaves in the tick of its claim or not at all. Within
//! this tick anything may happen in between: an outcome or a change that is recorded between the claim and its
//! command is younger than the limit, and no violation.
//!
//! # What it assumes
//!
//! The workers' clocks are right. A copy of a message that may exist without carrying its answer is handled
//! before the record expires that is kept for copies (a day). One operation at a time is late.

pub mod check;
pub mod rule_set;
pub mod runs;
pub mod system;
pub mod transition;
