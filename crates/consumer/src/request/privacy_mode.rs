//! After a refused command: whether the lock is in privacy mode, which is turned on from inside.

use std::time::Duration;

use rules::FailedReason;
use salto::{Cause, Certainty, OpenError};
use tokio::time::timeout;
use uuid::Uuid;

use super::failed_attempt::FailedAttempt;
use crate::{integrations::registry::Integration, worker::Worker};

/// How long reading the list of locks may take, for a request that waits for its answer.
const LIMIT: Duration = Duration::from_secs(3);

/// The failed attempt where privacy mode explains the refusal (docs/contract.md, Failed reasons). The list of
/// locks is read only after a refusal whose cause may be that, and not again where it was read a moment ago.
pub(super) async fn privacy_attempt(
    worker: &Worker,
    integration: &Integration,
    lock_id: Uuid,
    error: &OpenError,
) -> Option<FailedAttempt> {
    // A `Retry-After` asks for no calls, of the list neither.
    if !may_be_privacy(error) || error.retry_after.is_some() {
        return None;
    }
    let integration_id = integration.rules.id.as_str();
    let read = timeout(LIMIT, integration.site.privacy_mode(lock_id)).await;
    worker.share_moved_locks(integration).await;
    match read {
        Ok(Ok(true)) => Some(FailedAttempt {
            written: error.written,
            ..FailedAttempt::without_command(
                FailedReason::PrivacyMode,
                format!("the lock is in privacy mode, which is turned on from inside ({error})"),
            )
        }),
        Ok(Ok(false)) => None,
        Ok(Err(error)) => {
            tracing::debug!(integration_id, %error, "privacy mode of the lock not read");
            worker.share_pause(integration_id, &error).await;
            None
        }
        Err(_) => {
            tracing::debug!(integration_id, "privacy mode of the lock not read in time");
            None
        }
    }
}

/// Whether a refused command may have been refused for privacy mode: which answer that is is not known.
fn may_be_privacy(error: &OpenError) -> bool {
    let refused = match error.cause {
        Cause::IqRefused | Cause::Forbidden => true,
        Cause::TokenRejected
        | Cause::TokenUnusable
        | Cause::CredentialsRejected
        | Cause::NotSignedIn
        | Cause::LockNotFound
        | Cause::SiteNotFound
        | Cause::IqNotFound
        | Cause::AlreadyActivated
        | Cause::NotActivated
        | Cause::OtpInvalid
        | Cause::OtpMistimed
        | Cause::LockMoved
        | Cause::OtpBlocked
        | Cause::IqOffline
        | Cause::RateLimited
        | Cause::Unavailable
        | Cause::BreakerOpen
        | Cause::Unanswered
        | Cause::Expired
        | Cause::Withdrawn
        | Cause::Cache => false,
    };
    refused && error.written && error.certainty != Certainty::Unknown
}
