//! The result of an attempt to send a command.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::failed_attempt::FailedAttempt;
use crate::broker::wait_reason::WaitReason;

/// The lock that was opened, through which IQ and when.
#[derive(Debug)]
pub(super) struct OpenedLock {
    pub(super) lock_id: Uuid,
    pub(super) iq_id: String,
    /// When the command was sent.
    pub(super) sent_at: DateTime<Utc>,
    pub(super) opened_at: DateTime<Utc>,
}

impl OpenedLock {
    /// Salto has accepted now a command that was sent then.
    pub(super) fn accepted(lock_id: Uuid, iq_id: String, sent: Instant) -> Self {
        let opened_at = Utc::now();
        Self { lock_id, iq_id, sent_at: opened_at - sent.elapsed(), opened_at }
    }

    /// It opened at that time, by a command whose sending is not known better.
    pub(super) const fn at(lock_id: Uuid, iq_id: String, opened_at: DateTime<Utc>) -> Self {
        Self { lock_id, iq_id, sent_at: opened_at, opened_at }
    }
}

/// The result of trying to open.
#[derive(Debug)]
pub(super) enum CommandResult {
    /// Salto accepted the command.
    Accepted(OpenedLock),
    /// Everything that a command needs was ready, and the rehearsal ends here.
    Rehearsed(OpenedLock),
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
