//! The way of an open request, from the queue to its end.
//!
//! ```text
//! receive ─► decode ─► claim ─► decide ─► open ─► conclude ─► report ─► settle
//! ```

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::Utc;
use events::names::OPEN_REQUESTS_QUEUE;
use lapin::message::Delivery;
use publisher::Arrival;
use rules::{Decision, Delays, FailedReason, Next, Opening, RejectedReason, Rejection};

use crate::{
    claim::{Hold, claim},
    conclude::{Outcome, conclude},
    dead_letter, decode, failpoint,
    failure::{Failure, Setback},
    ledger::{Claimed, Known, LastCommand},
    line::{Line, Unstored, dice},
    metrics,
    open::{Opened, doubt_after, open},
    pursuit::Pursuit,
    report::report,
    worker::Worker,
};

/// Waits between commands for one request.
const DELAYS: Delays = Delays { base: Duration::from_millis(400), cap: Duration::from_secs(5) };

/// How often to look whether a booking has become known.
const BOOKING_POLL: Duration = Duration::from_millis(100);

/// Takes an open request to its end: acknowledged once its effect is durable, or given back.
pub(crate) async fn open_request(worker: &Arc<Worker>, line: &Line, delivery: Delivery) {
    let received = Instant::now();
    let redelivered = delivery.redelivered;
    let (arrival, acker) = Arrival::from_delivery(OPEN_REQUESTS_QUEUE, delivery);

    let mut pursuit = match decode::open_request(&arrival, redelivered, worker.opening.request_ttl)
    {
        Ok(pursuit) => pursuit,
        Err(error) => {
            if dead_letter::undecodable(line, (&arrival, &acker), &error).await.is_ok() {
                metrics::undecodable(OPEN_REQUESTS_QUEUE, &error, received);
            }
            return;
        }
    };

    match see_through(worker, line, &arrival, &mut pursuit).await {
        Ok(known) => {
            failpoint::reach("before-ack");
            if line.acknowledge(&acker).await.is_ok() {
                metrics::answered(&pursuit.request, &known.terminal, received);
            }
        }
        Err(Unstored::Refused(error)) => {
            let kept = (&arrival, &acker);
            if dead_letter::unstorable(line, kept, &error, pursuit.failures).await.is_ok() {
                metrics::unstorable(OPEN_REQUESTS_QUEUE, &pursuit.request.id, &error, received);
            }
        }
        Err(Unstored::LetGo) => {
            // Whoever takes it next should not have to wait for our claim to lapse.
            let _ = tokio::time::timeout(
                Duration::from_secs(1),
                worker.ledger.release(pursuit.reference(), &pursuit.owner, pursuit.news()),
            )
            .await;
            line.give_back(&acker).await;
            metrics::given_back(&pursuit.request.id, received);
        }
    }
}

async fn see_through(
    worker: &Arc<Worker>,
    line: &Line,
    arrival: &Arrival,
    pursuit: &mut Pursuit,
) -> Result<Known, Unstored> {
    let known = answer(worker, line, pursuit).await?;
    report(line, &known).await?;
    dead_letter::failed(worker, line, (arrival, pursuit, &known)).await?;
    Ok(known)
}

/// Finds the request's answer: round after round, each with a fresh claim and the rules read
/// afresh, and at most one command.
async fn answer(
    worker: &Arc<Worker>,
    line: &Line,
    pursuit: &mut Pursuit,
) -> Result<Known, Unstored> {
    loop {
        let (claimed, announced) = match claim(worker, line, pursuit).await? {
            Hold::Known(known) => return Ok(*known),
            Hold::Ours { claimed, announced } => (claimed, announced),
        };
        match round(worker, line, pursuit, (&claimed, announced)).await? {
            Round::Over(outcome, attempts) => {
                return conclude(worker, line, pursuit, (outcome, attempts)).await;
            }
            // Never longer than the claim holds; the next round renews it and reads the rules.
            Round::Again(wait) => line.wait(wait.min(worker.lease / 3)).await?,
        }
    }
}

/// How a round ended.
enum Round {
    /// With an answer, after so many commands.
    Over(Outcome, u32),
    /// With a wait for another one.
    Again(Duration),
}

async fn round(
    worker: &Arc<Worker>,
    line: &Line,
    pursuit: &mut Pursuit,
    (claimed, announced): (&Claimed, bool),
) -> Result<Round, Unstored> {
    if announced {
        // Until a command has been written, there was none.
        pursuit.last = LastCommand::Unsent;
    }
    let integration = worker.directory.get(&pursuit.request.data.integration_id);
    let opening = match decide(worker, integration.as_deref().map(|i| &i.rules), pursuit, claimed) {
        Verdict::Open(opening) => opening,
        Verdict::Wait => return Ok(Round::Again(BOOKING_POLL)),
        Verdict::Over(outcome) => return Ok(Round::Over(outcome, claimed.attempts)),
    };
    pursuit.lock = Some(opening.lock_id);
    let Some(integration) = integration else { return Ok(Round::Again(BOOKING_POLL)) };
    let waiting = pursuit.waiting();
    if !waiting.is_zero() {
        return Ok(Round::Again(waiting));
    }

    match open((worker, line), &integration, pursuit, (claimed, announced), &opening).await {
        Opened::Yes { iq_id, opened_at } => {
            pursuit.last = LastCommand::Standing;
            let booking_ends = claimed.booking.as_ref().map_or(opened_at, |b| b.ends_at);
            let outcome = Outcome::Opened { opening, iq_id, opened_at, booking_ends };
            Ok(Round::Over(outcome, claimed.attempts + 1))
        }
        Opened::Prepared => Ok(Round::Again(Duration::ZERO)),
        Opened::LetGo => Err(Unstored::LetGo),
        Opened::No { setback, iq_id } => {
            if let Some(pause) = setback.pause {
                let id = &integration.rules.id;
                line.insist(|| worker.ledger.pause(id, pause)).await?;
            }
            Ok(after(worker, pursuit, claimed, (setback, &opening, iq_id)))
        }
    }
}

/// The rules' word on this round.
enum Verdict {
    Open(Opening),
    /// The booking may yet become known.
    Wait,
    Over(Outcome),
}

fn decide(
    worker: &Arc<Worker>,
    integration: Option<&rules::Integration>,
    pursuit: &Pursuit,
    claimed: &Claimed,
) -> Verdict {
    let now = Utc::now();
    let request = rules::Request {
        object_id: pursuit.request.data.object_id.clone(),
        taken_at: claimed.taken_at,
        expires_at: pursuit.expires_at,
    };
    let in_doubt = claimed.doubt.commands > 0;
    match rules::decide(now, integration, claimed.booking.as_ref(), &request) {
        Decision::Open(opening) if !worker.resend.allow(claimed.doubt, Duration::ZERO) => {
            Verdict::Over(unknown(Some(opening.lock_id)))
        }
        Decision::Open(opening) => Verdict::Open(opening),
        Decision::Expired(opening) if in_doubt => Verdict::Over(unknown(Some(opening.lock_id))),
        Decision::Expired(opening) => {
            let failure = pursuit.cause.clone().or_else(|| claimed.cause.clone());
            let failure = failure.unwrap_or_else(Failure::too_slow);
            Verdict::Over(Outcome::Failed { failure, lock_id: Some(opening.lock_id), iq_id: None })
        }
        Decision::Rejected(_) if in_doubt => Verdict::Over(unknown(pursuit.lock)),
        Decision::Rejected(Rejection { reason: RejectedReason::BookingUnknown, .. })
            if now < pursuit.expires_at && now < claimed.taken_at + worker.opening.booking_wait =>
        {
            Verdict::Wait
        }
        Decision::Rejected(rejection) => Verdict::Over(Outcome::Rejected(rejection)),
    }
}

/// What follows a setback.
fn after(
    worker: &Arc<Worker>,
    pursuit: &mut Pursuit,
    claimed: &Claimed,
    (setback, opening, iq_id): (Setback, &Opening, Option<String>),
) -> Round {
    let doubt = doubt_after(claimed, &setback);
    pursuit.last = match (pursuit.last, setback.written, setback.certainty) {
        (LastCommand::Standing, _, _) | (_, true, rules::Certainty::Unknown) => {
            LastCommand::Standing
        }
        (_, false, _) => LastCommand::Unsent,
        (_, true, rules::Certainty::NeverHappened | rules::Certainty::Refused) => {
            LastCommand::NeverHappened
        }
    };
    pursuit.failures += 1;
    let wait = if setback.at_once && pursuit.failures == 1 {
        Duration::ZERO
    } else {
        let backoff = DELAYS.wait_within(pursuit.failures, dice(), pursuit.remaining());
        backoff.max(setback.retry_after.unwrap_or_default())
    };
    let failure = setback.failure.clone().or_else(|| pursuit.cause.clone());
    let failure = failure.or_else(|| claimed.cause.clone()).unwrap_or_else(Failure::too_slow);
    pursuit.cause = Some(failure.clone());
    tracing::info!(
        request_id = pursuit.request.id,
        integration_id = pursuit.request.data.integration_id,
        lock_id = %opening.lock_id,
        reason = %failure.reason,
        detail = failure.detail,
        certainty = ?setback.certainty,
        "not opened"
    );

    match rules::after::after(setback.certainty, doubt, worker.resend, wait, pursuit.remaining()) {
        Next::Retry(wait) => {
            pursuit.not_before = Instant::now() + wait;
            Round::Again(wait)
        }
        Next::GiveUp => {
            let attempts = claimed.attempts + u32::from(setback.written);
            let lock_id = Some(opening.lock_id);
            let outcome = if doubt.commands > 0 {
                unknown(lock_id)
            } else {
                Outcome::Failed { failure, lock_id, iq_id }
            };
            Round::Over(outcome, attempts)
        }
    }
}

/// A command went unanswered and may not be repeated: whatever comes later, nobody knows whether
/// the door opened.
fn unknown(lock_id: Option<uuid::Uuid>) -> Outcome {
    let detail = "a command went unanswered: the door may have opened or not";
    let failure = Failure::new(FailedReason::OutcomeUnknown, detail);
    Outcome::Failed { failure, lock_id, iq_id: None }
}
