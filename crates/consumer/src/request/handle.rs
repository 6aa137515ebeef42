//! The path of an open request, from the queue to its end.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use events::{RefusedMessage, names::OPEN_REQUESTS_QUEUE};
use tracing::Instrument as _;

use super::{
    attempt::{AttemptResult, attempt},
    audit::{Unaudited, audit},
    claim::{ClaimResult, claim},
    conclude::{conclude, restore},
    context::Context,
    decode, failure_dead_letter,
    park::park,
    report::{Unreported, parked_without_queue, report},
    request_state::RequestState,
    wait_reason::WaitReason,
};
use crate::{
    broker::{
        dead_letter,
        delivery::Delivery,
        session_handle::{Abandoned, SessionHandle, Unpublished, Unstored},
    },
    failpoint,
    operator::{message_span, settled},
    state::{
        ledger::{Concluded, LastCommand, RecordedOutcome},
        store::RecordError,
    },
    worker::Worker,
};

/// How long a request whose audit line cannot be written is parked. Its answer is published again each
/// time that it is delivered.
const PARKED_WITHOUT_AUDIT: Duration = Duration::from_secs(16);

/// How long releasing a claim may take when a delivery is requeued.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(1);

/// Handles an open request: the delivery is acknowledged once its effect is durable, or requeued.
pub(crate) async fn open_request(
    worker: &Arc<Worker>,
    session: &SessionHandle,
    delivery: Delivery,
) {
    let received_at = Instant::now();
    let context = Context { worker, session };
    let Ok(_alone) = worker.poison_guard.admit(session, &delivery.message).await else { return };

    let state = match decode::decode(&delivery, worker) {
        Ok(state) => state,
        Err(refused) => return refuse(session, &delivery, &refused, received_at).await,
    };
    let span = message_span::of_request(&state.request);
    settle(context, delivery, state, received_at).instrument(span).await;
}

/// Makes a dead letter of a request that is refused.
async fn refuse(
    session: &SessionHandle,
    delivery: &Delivery,
    refused: &RefusedMessage,
    received_at: Instant,
) {
    if dead_letter::refused(session, delivery, refused).await.is_ok() {
        settled::refused(OPEN_REQUESTS_QUEUE, refused, received_at);
    }
}

/// Takes a decoded request to its end.
async fn settle(
    context: Context<'_>,
    delivery: Delivery,
    mut state: RequestState,
    received_at: Instant,
) {
    let session = context.session;
    let result = match answer_and_report(context, &delivery, &mut state).await {
        Err(Unfinished::Wait(wait, reason)) => {
            match park(context, &delivery, &state, wait, reason).await {
                Ok(()) => return,
                Err(unstored) => Err(unstored.into()),
            }
        }
        result => result,
    };
    match result {
        Ok(outcome) => {
            failpoint::reach("before-ack");
            if session.acknowledge(&delivery.acker).await.is_ok() {
                if state.owns_record {
                    let ended = session.ended_token();
                    context.worker.ledger.settled(state.key(), state.perhaps_copied, ended);
                }
                settled::answered(&outcome.terminal, received_at);
            }
        }
        Err(Unfinished::Record(error)) => {
            let failures = state.failures;
            if dead_letter::unstorable(session, &delivery, &error, failures).await.is_ok() {
                settled::unstorable(OPEN_REQUESTS_QUEUE, &error, received_at);
            }
        }
        Err(Unfinished::Refused(refused)) => {
            refuse(session, &delivery, &refused, received_at).await;
        }
        Err(Unfinished::Abandoned | Unfinished::Wait(..)) => {
            requeue(context, &delivery, &state).await;
            settled::requeued(received_at);
        }
    }
}

/// Requeues a delivery. Its claim is released first, so that the next owner need not wait for its lease.
async fn requeue(context: Context<'_>, delivery: &Delivery, state: &RequestState) {
    let Context { worker, session } = context;
    let (last, resumption) = (state.last_result(), state.resumption());
    let release = worker.ledger.release(state.key(), &state.owner, last, resumption);
    let _ = tokio::time::timeout(RELEASE_TIMEOUT, release).await;
    session.requeue(&delivery.acker).await;
}

/// Why a request has not ended with this delivery.
enum Unfinished {
    /// The worker stops or its session is lost.
    Abandoned,
    /// It waits for longer than it may keep its place.
    Wait(Duration, WaitReason),
    /// A record that it needs could not be used, again and again.
    Record(RecordError),
    /// It is refused: its id was used before, for another request.
    Refused(RefusedMessage),
}

impl From<Abandoned> for Unfinished {
    fn from(Abandoned: Abandoned) -> Self {
        Self::Abandoned
    }
}

impl From<Unstored> for Unfinished {
    fn from(unstored: Unstored) -> Self {
        match unstored {
            Unstored::Abandoned => Self::Abandoned,
            Unstored::Record(error) => Self::Record(error),
        }
    }
}

impl Unfinished {
    fn unreported(unreported: Unreported, outcome: &RecordedOutcome) -> Self {
        match unreported {
            Unreported::Unpublished(Unpublished::Abandoned) => Self::Abandoned,
            // The outcome is in the ledger: the next owner of the message publishes it.
            Unreported::Unpublished(Unpublished::NoQueue) => {
                Self::Wait(parked_without_queue(outcome), WaitReason::AnswerQueue)
            }
            Unreported::Record(error) => Self::Record(error),
        }
    }
}

impl From<Unaudited> for Unfinished {
    fn from(unaudited: Unaudited) -> Self {
        match unaudited {
            Unaudited::Unstored(unstored) => unstored.into(),
            // The line is in the ledger: the next owner of the message writes it.
            Unaudited::Unwritten => Self::Wait(PARKED_WITHOUT_AUDIT, WaitReason::AuditSink),
        }
    }
}

async fn answer_and_report(
    context: Context<'_>,
    delivery: &Delivery,
    state: &mut RequestState,
) -> Result<RecordedOutcome, Unfinished> {
    let outcome = answer(context, state).await?;
    // The outcome is final: an audit line that cannot be written does not hold the answer back.
    let (audited, reported) =
        tokio::join!(audit(context, state, &outcome), report(context, state, &outcome));
    reported.map_err(|unreported| Unfinished::unreported(unreported, &outcome))?;
    failure_dead_letter::make_once(context, &delivery.message, state, &outcome).await?;
    audited?;
    Ok(outcome)
}

/// Finds the request's answer: attempt after attempt, each with a new claim, the rules applied again, and
/// at most one command.
async fn answer(
    context: Context<'_>,
    state: &mut RequestState,
) -> Result<RecordedOutcome, Unfinished> {
    loop {
        let mut claimed = match claim(context, state).await? {
            ClaimResult::Concluded(outcome) => return Ok(*outcome),
            // The ledger had forgotten the request before another one was given its id.
            ClaimResult::Conflict(first) => {
                let refused = || Unfinished::Refused(RefusedMessage::id_conflict(&first));
                return state.carried_outcome().ok_or_else(refused);
            }
            ClaimResult::Claimed(claimed) => claimed,
            ClaimResult::Busy(wait) => {
                return Err(Unfinished::Wait(wait, WaitReason::OtherWorker));
            }
        };
        let concluded = match &state.answer {
            Some(answer) => restore(context, state, answer).await?,
            None => match attempt(context, state, &mut claimed).await? {
                // `claimed` keeps the IQ's permit until the outcome is recorded.
                AttemptResult::Concluded(outcome, attempts) => {
                    conclude(context, state, &claimed.claim, outcome, attempts).await?
                }
                AttemptResult::Wait(wait, reason) => {
                    drop(claimed);
                    wait_in_place(context, state, wait, reason).await?;
                    continue;
                }
            },
        };
        match concluded {
            Concluded::Recorded(outcome) => return Ok(*outcome),
            // What this worker knows of its last command came too late to count.
            Concluded::ClaimedElsewhere => state.last_command = LastCommand::NoneOrUnknown,
        }
    }
}

/// Waits for the next attempt, where the request may keep its place for so long.
async fn wait_in_place(
    context: Context<'_>,
    state: &mut RequestState,
    wait: Duration,
    reason: WaitReason,
) -> Result<(), Unfinished> {
    if !state.may_wait_in_place(context.session, wait) {
        return Err(Unfinished::Wait(wait, reason));
    }
    context.session.wait(wait).await?;
    state.waited_in_place += wait;
    Ok(())
}
