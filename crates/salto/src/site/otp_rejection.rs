//! Why Salto rejected a one-time password (`docs/contract.md`, invariant 9): its secret or PIN, a wrong clock, or
//! a lock that belongs to another IQ by now.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::{Instant, timeout};
use uuid::Uuid;

use super::Site;
use super::lock_list::MovedLock;
use crate::clock::OtpTime;
use crate::command::prepared::PreparedLock;
use crate::error::{CallError, Cause};
use crate::open_error::OpenError;

/// The calls after a rejection take this long at most; reading the list goes on beside.
const LIMIT: Duration = Duration::from_secs(3);

/// What a verdict on a one-time password is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RejectionCause {
    /// Secret, PIN or user at the IQ that the password was made for.
    Iq,
    /// The clock, which is corrected by now.
    Clock,
    /// The lock belongs to this IQ by now, or to none; the list of locks is corrected.
    LockMoved(Option<String>),
    /// That is not known: the site's locks could not be read. They are read before the next command to the lock.
    Unknown(CallError),
}

/// What other replicas have found since a list of locks was read or a clock offset was measured. This
/// process checks it before its next command.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SharedCorrections {
    /// Locks that were found at another IQ, with that IQ; an empty text where the lock has none, or where that is
    /// not known.
    pub moved_locks: HashMap<Uuid, String>,
    /// The number of corrections of the environment's clock offset.
    pub clock: u64,
}

impl Site {
    /// Takes note of what other replicas have found. [`Self::ready`] then waits for [`Self::prepare`] where this
    /// process has to ask Salto again.
    pub fn heed(&self, shared: &SharedCorrections) {
        self.calls.client.clock.heed(shared.clock);
        for (lock_id, iq_id) in &shared.moved_locks {
            let iq_id = Some(iq_id.clone()).filter(|iq_id| !iq_id.is_empty());
            self.calls.lock_list.heed(&MovedLock { lock_id: *lock_id, iq_id }, Instant::now());
        }
    }

    /// Takes out the locks that this process has found at another IQ than the other replicas know.
    #[must_use]
    pub fn take_moved_locks(&self) -> Vec<MovedLock> {
        self.calls.lock_list.take_moved()
    }

    /// Puts back the locks that could not be shared with the other replicas.
    pub fn put_back_moved_locks(&self, moved: Vec<MovedLock>) {
        self.calls.lock_list.put_back_moved(moved);
    }

    /// After a verdict on the one-time password of an open command: reads the list of locks again, once for
    /// all callers whose commands were sent before, and says what the verdict is about. The error then has
    /// its cause and says so. A rehearsal is about an IQ and no lock: `is_open` is false for it.
    pub async fn explain_rejection(
        &self,
        lock: &PreparedLock,
        is_open: bool,
        error: OpenError,
    ) -> (OpenError, RejectionCause) {
        let Some(otp_time) = error.otp_time.as_deref().copied() else {
            return (error, RejectionCause::Iq);
        };
        let calls = &self.calls;
        let read = async {
            if is_open {
                calls.refresh_locks_since(Instant::from_std(otp_time.made)).await?;
            }
            calls.establish_clock().await
        };
        let late = || Err(CallError::new(Cause::Unanswered, "not within the time limit"));
        let read = timeout(LIMIT, read).await.unwrap_or_else(|_| late());
        let invalid = error.cause == Cause::OtpInvalid;
        if let Some(wrong) = calls.client.clock.error_of(otp_time).filter(|_| invalid) {
            let detail = clock_detail(wrong);
            let error = OpenError { cause: Cause::OtpMistimed, detail: detail.into(), ..error };
            return (error, RejectionCause::Clock);
        }
        let address = calls.lock_list.find(lock.lock_id);
        let iq_id = address.and_then(|address| address.iq_id);
        match read {
            Err(unread) => {
                if is_open {
                    calls.lock_list.doubt(lock.lock_id, Instant::from_std(otp_time.made));
                }
                (error, RejectionCause::Unknown(unread))
            }
            Ok(()) if !is_open || iq_id.as_deref() == Some(&*lock.iq_id) => {
                (error, RejectionCause::Iq)
            }
            Ok(()) if invalid => {
                let detail = moved_detail(&lock.iq_id, iq_id.as_deref());
                let error = OpenError { cause: Cause::LockMoved, detail: detail.into(), ..error };
                (error, RejectionCause::LockMoved(iq_id))
            }
            Ok(()) => (error, RejectionCause::LockMoved(iq_id)),
        }
    }

    /// After a call that proves a PIN: the error with its cause, where that was the clock.
    pub(super) async fn explain_rejected_pin(
        &self,
        error: CallError,
        otp_time: OtpTime,
    ) -> CallError {
        // Where it fails, the clock is as it was.
        let _ = timeout(LIMIT, self.calls.establish_clock()).await;
        match self.calls.client.clock.error_of(otp_time) {
            Some(wrong) => {
                let detail = clock_detail(wrong).into();
                CallError { cause: Cause::OtpMistimed, detail, ..error }
            }
            None => error,
        }
    }
}

fn clock_detail(wrong: chrono::TimeDelta) -> String {
    let seconds = wrong.num_seconds();
    format!(
        "by Salto's own clock it was {seconds:+} s off; the clock offset is corrected: try again"
    )
}

fn moved_detail(before: &str, now: Option<&str>) -> String {
    match now {
        Some(now) => format!("it belongs to IQ {now} and no longer to IQ {before}: try again"),
        None => format!("it no longer belongs to IQ {before}, nor to any other IQ"),
    }
}
