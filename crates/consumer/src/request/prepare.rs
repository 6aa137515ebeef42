//! What a command needs from Salto before it can be sent: a token and the lock's IQ.

use std::{sync::Arc, time::Duration};

use rules::Opening;
use uuid::Uuid;

use super::{
    claim::ClaimedRequest, command_result::CommandResult, context::Context,
    failed_attempt::FailedAttempt, request_state::RequestState,
};
use crate::{
    broker::{session_handle::Abandoned, wait_reason::WaitReason},
    integrations::registry::Integration,
    worker::Worker,
};

/// How long a request is parked while its token or the list of locks is on its way: longer, the longer it
/// has waited.
const PARKED_FOR: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(2));

/// Fetches what a command needs, for as long as the request may wait in place. The call goes on and serves
/// later requests, even where this request is abandoned or parked.
pub(super) async fn prepare(
    context: Context<'_>,
    integration: &Integration,
    state: &RequestState,
    claimed: &ClaimedRequest,
    opening: &Opening,
) -> CommandResult {
    let Context { session, place, .. } = context;
    let waiting = place.wait();
    let (remaining, wait_limit) = (state.remaining(), state.wait_limit(waiting.is_some()));
    tokio::select! {
        prepared = integration.prepare(&opening.lock) => {
            context.worker.share_moved_locks(integration).await;
            match prepared {
                Ok(_) => CommandResult::Prepared,
                Err(error) => CommandResult::NotOpened { failed: error.into(), iq_id: None },
            }
        }
        over = session.wait(remaining.min(wait_limit)) => match over {
            Ok(()) if remaining <= wait_limit => {
                CommandResult::NotOpened { failed: FailedAttempt::out_of_time(), iq_id: None }
            }
            Ok(()) => {
                let wait = claimed.claim.waited().clamp(PARKED_FOR.0, PARKED_FOR.1);
                CommandResult::Wait(wait, WaitReason::Preparation)
            }
            Err(Abandoned) => CommandResult::Abandoned,
        },
    }
}

/// Renews a token or a list of locks that expires soon, beside the command. Only a request that found no
/// pause starts a renewal, and a pause that Salto asks for in its answer applies to all workers.
pub(super) fn renew_beside(worker: &Arc<Worker>, integration: &Arc<Integration>) {
    let Some(renewal) = integration.site.renewal() else { return };
    let (worker, integration) = (Arc::clone(worker), Arc::clone(integration));
    tokio::spawn(async move {
        let renewed = renewal.await;
        worker.share_moved_locks(&integration).await;
        let Err(error) = renewed else { return };
        let integration_id = integration.rules.id.as_str();
        tracing::warn!(integration_id, %error, "token or locks could not be renewed yet");
        worker.share_pause(integration_id, &error).await;
    });
}

/// Reads beside the command how long its lock stays open, where that is due: whether a command may be repeated
/// depends on it. A failure only leaves it unknown.
pub(super) fn read_open_time_beside(
    worker: &Arc<Worker>,
    integration: &Arc<Integration>,
    lock_id: Uuid,
) {
    if worker.resend.window.is_zero() {
        return;
    }
    let Some(reading) = integration.site.open_time_reading(lock_id) else { return };
    let (worker, integration) = (Arc::clone(worker), Arc::clone(integration));
    tokio::spawn(async move {
        let Err(error) = reading.await else { return };
        let integration_id = integration.rules.id.as_str();
        tracing::debug!(integration_id, %lock_id, %error, "open time of the lock not read");
        worker.share_pause(integration_id, &error).await;
    });
}
