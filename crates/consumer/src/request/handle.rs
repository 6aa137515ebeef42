//! The path of an open request, from the queue to its end.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use events::{RefusedMessage, names::OPEN_REQUESTS_QUEUE};
use tokio::time::timeout;
use tracing::Instrument as _;

use super::{
    attempt::{AttemptResult, attempt},
    audit::audit,
    claim::{ClaimResult, claim},
    conclude::{conclude_with_permits, restore},
    context::Context,
    decode, failure_dead_letter,
    park::park,
    report::report,
    request_state::RequestState,
    unfinished::Unfinished,
};
use crate::{
    broker::{
        dead_letter::{self, Disposal},
        delivery::Delivery,
        park as parking,
        places::PlaceOwner,
        session_handle::SessionHandle,
        wait_reason::WaitReason,
    },
    failpoint,
    operator::{message_span, settled, trace_spans},
    state::ledger::{Concluded, LastCommand, RecordedOutcome},
    worker::Worker,
};

/// How long a request is parked whose integration has as many places as it may have: longer, the older it
/// is.
const PARKED_WITHOUT_PLACE: (Duration, Duration) =
    (Duration::from_millis(250), Duration::from_secs(1));

/// How long releasing a claim may take when a delivery is given back.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(1);

/// Handles an open request: the delivery is acknowledged once its effect is durable, or requeued.
pub(crate) async fn open_request(
    worker: &Arc<Worker>,
    session: &SessionHandle,
    delivery: Delivery,
) {
    let received_at = Instant::now();
    let admitted = worker.poison_guard.admit(session, &delivery, received_at).await;
    let Some(_admitted) = admitted else { return };

    let mut state = match decode::decode(&delivery, worker) {
        Ok(state) => state,
        Err(refused) => return refuse(session, &delivery, &refused, received_at).await,
    };
    let request = &state.request;
    let span =
        trace_spans::process(delivery.queue, &delivery.message, request, &request.data.booking_id);
    let message = message_span::of_request(request);
    state.span = span.clone();
    let handling = with_place(worker, session, delivery, state, received_at);
    handling.instrument(message).instrument(span).await;
}

/// Takes a decoded request to its end in a place of its integration, or parks it where there is none.
async fn with_place(
    worker: &Arc<Worker>,
    session: &SessionHandle,
    delivery: Delivery,
    state: RequestState,
    received_at: Instant,
) {
    let integration = worker.integrations.get(state.integration_id());
    let owner = PlaceOwner {
        is_only_one: integration.is_some() && worker.integrations.is_one(),
        integration: integration.map(|integration| integration.rules.id.clone()),
    };
    let returning = delivery.message.was_parked_or_replayed();
    if let Some(place) = worker.places.take(owner, returning).await {
        let context = Context { worker, session, place: &place };
        return settle(context, delivery, state, received_at).await;
    }
    let (shortest, longest) = PARKED_WITHOUT_PLACE;
    let wait = state.age().clamp(shortest, longest);
    trace_spans::parked(&state.span, WaitReason::Place.as_str());
    // Where it cannot be parked, its session has ended.
    let _ = parking::park(session, &delivery, wait, WaitReason::Place).await;
}

/// Makes a dead letter of a request that is refused.
async fn refuse(
    session: &SessionHandle,
    delivery: &Delivery,
    refused: &RefusedMessage,
    received_at: Instant,
) {
    if dead_letter::refused(session, delivery, refused).await == Ok(Disposal::DeadLetter) {
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
            trace_spans::parked(&state.span, reason.as_str());
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
                trace_spans::answered(&state.span, &outcome.terminal);
            }
        }
        Err(Unfinished::Record(error)) => {
            trace_spans::fail(&state.span, "record");
            release(context, &state).await;
            if dead_letter::unstorable(session, &delivery, &error).await == Ok(Disposal::DeadLetter)
            {
                settled::unstorable(OPEN_REQUESTS_QUEUE, &error, received_at);
            }
        }
        Err(Unfinished::Refused(refused)) => {
            trace_spans::fail(&state.span, refused.reason.code());
            refuse(session, &delivery, &refused, received_at).await;
        }
        Err(Unfinished::Abandoned | Unfinished::Wait(..)) => {
            release(context, &state).await;
            session.requeue(&delivery.acker).await;
            settled::requeued(received_at);
            trace_spans::fail(&state.span, "requeued");
        }
    }
}

/// Releases the claim of a delivery that is given back, so that the next owner need not wait for its lease.
async fn release(context: Context<'_>, state: &RequestState) {
    let worker = context.worker;
    let (last, resumption) = (state.last_result(), state.resumption());
    let release = worker.ledger.release(state.key(), &state.owner, last, resumption);
    let _ = timeout(RELEASE_TIMEOUT, release).await;
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
                AttemptResult::Concluded(outcome, attempts) => {
                    conclude_with_permits(context, state, &mut claimed, outcome, attempts).await?
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
    let waiting = state.may_wait_in_place(wait).then(|| context.place.wait()).flatten();
    if waiting.is_none() && !wait.is_zero() {
        return Err(Unfinished::Wait(wait, reason));
    }
    context.session.wait(wait).await?;
    state.waited_in_place += wait;
    Ok(())
}
