//! Open requests: the steps from the queue to the answer, one file each.
//!
//! ```text
//! receive ─► decode ─► claim ─► decide ─► open ─► conclude ─► audit ─► report ─► settle
//! ```
//!
//! - [`handle`] is the path of a delivery; [`attempt`] puts decide and open together.
//! - [`request_state`] is what a delivery keeps of its request between two claims.
//! - [`retry_decision`] says what follows a [`failed_attempt`]; [`entry_log`] asks Salto's log about a
//!   command that was not answered.
//! - [`renewal`] reads the state of a command again, where connecting took long.
//! - [`park`] makes a request wait without a place; [`unfinished`] says why a delivery has not ended it.
//! - [`failure_dead_letter`] keeps a failed request beside its event.

mod attempt;
mod audit;
mod awaited_opening;
mod claim;
mod command_result;
mod conclude;
mod context;
mod decide;
mod decode;
mod entry_log;
mod failed_attempt;
mod failure_dead_letter;
mod handle;
mod open;
mod otp_rejection;
mod outcome;
mod park;
mod prepare;
mod privacy_mode;
mod renewal;
mod report;
mod request_state;
mod retry_decision;
mod send_permission;
mod signing;
mod unfinished;

#[cfg(test)]
pub(crate) use conclude::audit_line_of;
pub(crate) use handle::open_request;
