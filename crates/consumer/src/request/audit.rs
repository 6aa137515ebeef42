//! Step 6: write the audit line that an outcome still keeps, for sinks other than Redis.

use std::time::Duration;

use super::{context::Context, request_state::RequestState};
use crate::{
    audit::AuditWriteError, broker::session_handle::Unstored, failpoint, settings::AuditSink,
    state::ledger::RecordedOutcome,
};

/// How long a request whose audit line cannot be written is parked, and one for whose line too many others
/// wait. Its answer is published again each time that it is delivered.
const PARKED: Duration = Duration::from_secs(16);
const PARKED_BEHIND_OTHERS: Duration = Duration::from_secs(1);

/// Why a line is not in its sink.
#[derive(Debug)]
pub(super) enum Unaudited {
    /// See [`Unstored`].
    Unstored(Unstored),
    /// File or standard output do not take it now: another attempt follows after this time.
    Unwritten(Duration),
}

impl From<Unstored> for Unaudited {
    fn from(unstored: Unstored) -> Self {
        Self::Unstored(unstored)
    }
}

impl From<AuditWriteError> for Unaudited {
    fn from(error: AuditWriteError) -> Self {
        match error {
            AuditWriteError::Busy => {
                tracing::debug!(%error, "audit line not written yet");
                Self::Unwritten(PARKED_BEHIND_OTHERS)
            }
            AuditWriteError::Directory(..)
            | AuditWriteError::Stdout(_)
            | AuditWriteError::TimedOut => {
                tracing::error!(%error, "audit line not written, the message waits");
                Self::Unwritten(PARKED)
            }
        }
    }
}

/// Writes the line that an outcome still keeps, whichever worker recorded it, and removes it from the
/// outcome.
pub(super) async fn audit(
    context: Context<'_>,
    state: &RequestState,
    outcome: &RecordedOutcome,
) -> Result<(), Unaudited> {
    let Context { worker, session, .. } = context;
    let Some(line) = &outcome.audit else { return Ok(()) };
    match worker.audit.sink() {
        // A worker with another sink recorded the outcome.
        AuditSink::Redis => {
            session.retry_until_stopped(|| worker.ledger.append_audit(line)).await?;
        }
        AuditSink::Directory(_) | AuditSink::Stdout => worker.audit.write(line).await?,
        AuditSink::Off => {}
    }
    failpoint::reach("after-audit");
    session.retry_until_stopped(|| worker.ledger.remove_audit_line(state.key())).await?;
    Ok(())
}
