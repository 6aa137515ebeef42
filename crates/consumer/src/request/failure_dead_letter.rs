//! The dead letter of a failed request, beside its event.

use events::OutboundData;
use publisher::{DeadLetter, ReceivedMessage};

use super::{context::Context, request_state::RequestState, unfinished::Unfinished};
use crate::{
    broker::{dead_letter, session_handle::Unstored},
    failpoint,
    state::ledger::{self, RecordedOutcome},
};

/// Makes the dead letter of a failed request, once, however often its outcome is published.
pub(super) async fn make_once(
    context: Context<'_>,
    message: &ReceivedMessage,
    state: &RequestState,
    outcome: &RecordedOutcome,
) -> Result<(), Unfinished> {
    let Context { worker, session, .. } = context;
    let OutboundData::OpenFailed(failed) = &outcome.terminal.data else { return Ok(()) };
    if outcome.dead_lettered {
        return Ok(());
    }
    let detail = match outcome.terminal.rehearsal {
        true => format!("rehearsal: {}", failed.detail),
        false => failed.detail.clone(),
    };
    let (reason, attempts) = (failed.reason.into(), failed.attempts);
    let answer = ledger::write_event(&outcome.terminal).map_err(Unstored::Record)?;
    let answer = Some(answer.as_str());
    let letter = DeadLetter { reason, detail: &detail, attempts, answer };
    dead_letter::make(session, message, letter).await.map_err(Unfinished::without_dead_letter)?;
    tracing::debug!(reason = failed.reason.code(), "dead letter made");
    failpoint::reach("after-dead-letter");
    Ok(session.retry_until_stopped(|| worker.ledger.mark_dead_lettered(state.key())).await?)
}
