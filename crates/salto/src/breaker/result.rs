//! What the breakers of a host say about a call, and take from its end.

use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

use super::machine::PermittedCall;

/// What the end of a call says about the host, and about what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostHealth {
    /// Both work: the host gave an answer of its own, whatever the answer says.
    Up,
    /// What was asked for does not work. Whether the host does is shown by calls for others.
    Failed,
    /// The host cannot be reached.
    Unreachable,
    /// The call says nothing about them.
    Unknown,
}

/// A breaker on the path of a call refused it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) retry_after: Duration,
    /// How many parts of the path lead to that breaker; zero: the host's.
    pub(super) depth: usize,
    pub(super) failures: u32,
    pub(super) opened_by: String,
}

/// A change of a breaker that is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Transition {
    /// How many parts of the path lead to the breaker; zero: the host's.
    pub(super) depth: usize,
    pub(super) change: Change,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// The breaker opened, for the first time since it was closed.
    Opened { failures: u32 },
    /// The breaker closed.
    Closed,
}

/// The end of a call.
pub(super) struct CallEnd<'a> {
    pub(super) call: PermittedCall,
    pub(super) error: &'a dyn fmt::Display,
    pub(super) now: Instant,
    pub(super) jitter: f64,
}

impl Transition {
    /// The transition as the part above sees it.
    pub(super) const fn deeper(self) -> Self {
        Self { depth: self.depth + 1, change: self.change }
    }
}
