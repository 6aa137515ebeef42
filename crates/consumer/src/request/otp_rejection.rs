//! After a verdict on a one-time password: what it is about, before anything is counted (docs/contract.md, invariant
//! 9). It counts against an IQ only where the cause is that IQ's secret or PIN, or its block of the user. Other
//! causes are corrected for all workers first.

use std::sync::Arc;

use salto::{Cause, OpenError, PreparedLock, RejectionCause};

use crate::{
    background::iq_restore,
    integrations::registry::Integration,
    state::{
        iq_ref::IqRef,
        otp_guard::{OtpSubject, OtpVerdict},
    },
    worker::Worker,
};

/// A command whose one-time password Salto did not accept.
pub(super) struct RejectedOtp<'a> {
    pub(super) prepared: &'a PreparedLock,
    pub(super) subject: OtpSubject<'a>,
    /// Whether it was to open the door; a rehearsal is about the IQ alone.
    pub(super) is_open: bool,
}

/// Finds out what the verdict is about, and records it or shares the correction. Meanwhile no other worker
/// sends a command to the IQ: this request's own is still in flight there. Answers the error with its cause.
pub(super) async fn explain(
    worker: &Arc<Worker>,
    integration: &Arc<Integration>,
    rejected: RejectedOtp<'_>,
    error: OpenError,
) -> OpenError {
    let RejectedOtp { prepared, subject, is_open } = rejected;
    if let Err(error) = worker.otp_guard.begin_explanation(subject.iq).await {
        tracing::warn!(iq_id = subject.iq.iq_id, %error, "commands to the IQ are not held back");
    }
    let (error, cause) = integration.site.explain_rejection(prepared, is_open, error).await;
    worker.share_moved_locks(integration).await;
    match &cause {
        RejectionCause::Iq => {
            count(worker, integration, subject, &error, OtpVerdict::Invalid).await
        }
        RejectionCause::Unknown(unread) => {
            tracing::warn!(
                iq_id = subject.iq.iq_id,
                error = %unread,
                "cause of a rejected one-time password not known"
            );
            worker.share_pause(subject.iq.integration_id, unread).await;
            worker.record_last_error(subject.iq, &error);
            // Without a list of locks, no command goes to the lock. A rehearsal is about the IQ alone.
            if !is_open {
                count(worker, integration, subject, &error, OtpVerdict::InvalidOther).await;
            }
        }
        RejectionCause::Clock => worker.share_clock_correction(&integration.clock).await,
        // A block is the user's at the IQ that the lock belongs to by now.
        RejectionCause::LockMoved(Some(iq_id)) if error.cause == Cause::OtpBlocked => {
            let iq = IqRef { iq_id, ..subject.iq };
            worker.record_verdict(OtpSubject { iq, ..subject }, OtpVerdict::Blocked).await;
            worker.record_last_error(iq, &error);
        }
        RejectionCause::LockMoved(_) => {}
    }
    if let Err(error) = worker.otp_guard.end_explanation(subject.iq).await {
        tracing::debug!(iq_id = subject.iq.iq_id, %error, "commands are held back for a while");
    }
    error
}

/// Records the verdict as one on the IQ; `rejected` is the verdict for a rejected password.
async fn count(
    worker: &Arc<Worker>,
    integration: &Arc<Integration>,
    subject: OtpSubject<'_>,
    error: &OpenError,
    rejected: OtpVerdict,
) {
    if error.cause == Cause::OtpBlocked {
        worker.record_verdict(subject, OtpVerdict::Blocked).await;
    } else {
        worker.record_verdict(subject, rejected).await;
        iq_restore::check_beside(worker, integration);
    }
    worker.record_last_error(subject.iq, error);
}
