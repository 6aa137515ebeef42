//! Step 7: publish the answer.

use std::time::Duration;

use chrono::Utc;
use events::Outbound;
use publisher::Message;

use super::{context::Context, request_state::RequestState};
use crate::{
    background::opening_confirmation,
    broker::session_handle::{Unpublished, Unstored},
    failpoint,
    operator::{metrics, trace_spans},
    state::{ledger::RecordedOutcome, store::RecordError},
    worker::Worker,
};

/// How long a request whose answer no queue takes is parked: longer, the older the answer is.
const PARKED: [Duration; 3] =
    [Duration::from_secs(4), Duration::from_secs(16), Duration::from_secs(64)];

/// Why an answer is not published.
#[derive(Debug)]
pub(super) enum Unreported {
    /// See [`Unpublished`].
    Unpublished(Unpublished),
    /// The record of the request cannot be used.
    Record(RecordError),
}

impl From<Unpublished> for Unreported {
    fn from(unpublished: Unpublished) -> Self {
        Self::Unpublished(unpublished)
    }
}

impl From<Unstored> for Unreported {
    fn from(unstored: Unstored) -> Self {
        match unstored {
            Unstored::Abandoned => Self::Unpublished(Unpublished::Abandoned),
            Unstored::Record(error) => Self::Record(error),
        }
    }
}

/// Publishes the outcome's events, for as long as the request may wait in its place. A redelivery publishes
/// the same events again: same ids, same content. A check-in that no queue takes does not repeat the
/// terminal event (docs/contract.md, invariant 1).
pub(super) async fn report(
    context: Context<'_>,
    state: &RequestState,
    outcome: &RecordedOutcome,
) -> Result<(), Unreported> {
    let Context { worker, session, .. } = context;
    if !outcome.terminal_published {
        publish(context, &outcome.terminal).await?;
        count(worker, state, outcome);
        failpoint::reach("after-report");
        if let Some(queue) = &state.reply_to {
            send_copy(context, &outcome.terminal, queue).await;
        }
    }
    if outcome.confirmation_awaited {
        let request = state.key();
        let answered = || worker.confirmations.answered(request.key);
        if session.retry_until_stopped(answered).await? {
            worker.confirmed_events.notify();
        }
        opening_confirmation::look_beside(worker, request.integration_id);
    }
    let Some(check_in) = &outcome.check_in else { return Ok(()) };
    let published = publish(context, check_in).await;
    if published == Err(Unpublished::NoQueue) && !outcome.terminal_published {
        let mark = || worker.ledger.mark_terminal_published(state.key());
        session.retry_until_stopped(mark).await?;
    }
    published?;
    failpoint::reach("after-check-in");
    Ok(())
}

/// Counts a terminal event that the broker has confirmed.
fn count(worker: &Worker, state: &RequestState, outcome: &RecordedOutcome) {
    if outcome.recorded_before {
        metrics::answer_repeated(worker.integrations.known(state.integration_id()));
    } else {
        metrics::answer_published(state.age());
    }
}

async fn publish(context: Context<'_>, event: &Outbound) -> Result<(), Unpublished> {
    let Context { session, place, .. } = context;
    match Message::event(event) {
        Ok(message) => {
            let span = trace_spans::send(event);
            let published = session.publish_event(&message, event.rehearsal, Some(place)).await;
            match &published {
                Ok(()) => {}
                Err(Unpublished::NoQueue) => trace_spans::fail(&span, "no_queue"),
                Err(Unpublished::Abandoned) => trace_spans::fail(&span, "abandoned"),
            }
            published
        }
        // The ledger held it as JSON, so this does not happen. If it did, the broker would keep the message
        // until its delivery limit makes it a dead letter.
        Err(error) => {
            tracing::error!(%error, answer_id = %event.id, "an outcome cannot be published");
            Err(Unpublished::Abandoned)
        }
    }
}

/// Sends the answer to the queue of the request's `reply_to` too. The copy is offered once: its publisher may
/// have stopped waiting, and the answer itself is with the booking system.
async fn send_copy(context: Context<'_>, event: &Outbound, queue: &str) {
    if let Ok(message) = Message::event(event) {
        context.session.offer(message.for_queue(queue)).await;
    }
}

/// How long a request is parked whose answer no queue takes now.
pub(super) fn parked_without_queue(outcome: &RecordedOutcome) -> Duration {
    let age = (Utc::now() - outcome.terminal.time).to_std().unwrap_or_default();
    let [shortest, longer, longest] = PARKED;
    match age {
        age if age < 2 * shortest => shortest,
        age if age < 2 * longer => longer,
        _ => longest,
    }
}
