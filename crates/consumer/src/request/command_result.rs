//! The result of an attempt to send a command.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use super::{failed_attempt::FailedAttempt, wait_reason::WaitReason};

/// The result of trying to open.
#[derive(Debug)]
pub(super) enum CommandResult {
    /// Salto accepted the command.
    Accepted { iq_id: String, sent_at: DateTime<Utc>, opened_at: DateTime<Utc> },
    /// Everything that a command needs was ready, and the rehearsal ends here.
    Rehearsed { iq_id: String },
    /// No command was sent. What was missing is ready now, and the next claim reserves the command.
    Prepared,
    /// No command was sent: what it rests on is different by now, or could not be read again in time. The
    /// next attempt decides anew.
    Withdrawn,
    /// No command was sent: the IQ has no free permit, or an answer of Salto is missing. The next attempt
    /// follows after this wait.
    Wait(Duration, WaitReason),
    /// The door did not open, as far as postern knows.
    NotOpened { failed: FailedAttempt, iq_id: Option<String> },
    /// The worker stops; no command was sent.
    Abandoned,
}

impl CommandResult {
    /// Salto has accepted the command now.
    pub(super) fn accepted(iq_id: String, sent: Instant) -> Self {
        let opened_at = Utc::now();
        Self::Accepted { iq_id, sent_at: opened_at - sent.elapsed(), opened_at }
    }
}
