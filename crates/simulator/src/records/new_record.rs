//! A record that was just made, for output and for subscribers of the control API.

use super::command::Command;
use super::effects::{Mail, Opening};

#[derive(Clone)]
pub(crate) enum NewRecord {
    Command(Command),
    Opening(Opening),
    Mail(Mail),
    /// Something else has changed: the world, the clock, faults, an answer to a ring.
    Change,
}
