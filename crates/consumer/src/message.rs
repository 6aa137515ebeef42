//! The way of an open request, from the queue to its end.
//!
//! ```text
//! receive ─► decode ─► claim ─► decide ─► open ─► conclude ─► report ─► settle
//! ```

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use events::names::OPEN_REQUESTS_QUEUE;
use lapin::message::Delivery;
use publisher::Arrival;
use rules::{Decision, Delays, FailedReason, Next, Opening, RejectedReason, Rejection};

use crate::{
    claim::{Held, Hold, claim},
    conclude::{Outcome, conclude},
    dead_letter, decode,
    directory::Integration,
    entry_log::{self, Word},
    failpoint,
    failure::{Failure, Setback},
    ledger::{Announced, Claimed, Known, LastCommand},
    line::{LetGo, Line, Unpublished, Unstored, dice},
    metrics,
    open::{Opened, doubt_after, open},
    park::park,
    pursuit::Pursuit,
    report::report,
    store::StoreError,
    worker::Worker,
};

/// Waits between commands for one request.
const DELAYS: Delays = Delays { base: Duration::from_millis(400), cap: Duration::from_secs(5) };

/// How often to look whether a booking has become known: at first, and later.
const BOOKING_POLL: Duration = Duration::from_millis(100);
const BOOKING_POLL_MOST: Duration = Duration::from_secs(1);

/// How long an answer that no queue takes stays away before it is offered again.
const UNWANTED: Duration = Duration::from_secs(4);

/// How long Salto's log may take: before another command, and before a request is given up.
const LOG_BEFORE_COMMAND: Duration = Duration::from_secs(1);
const LOG_BEFORE_END: Duration = Duration::from_secs(3);

/// Takes an open request to its end: acknowledged once its effect is durable, or given back.
pub(crate) async fn open_request(worker: &Arc<Worker>, line: &Line, delivery: Delivery) {
    let received = Instant::now();
    let redelivered = delivery.redelivered;
    let (arrival, acker) = Arrival::from_delivery(OPEN_REQUESTS_QUEUE, delivery);
    let Ok(_alone) = worker.suspects.admit(line, &arrival).await else { return };

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

    let ending = match see_through(worker, line, &arrival, &mut pursuit).await {
        Err(Unfinished::Later(wait)) => {
            match park(worker, line, (&arrival, &acker), &pursuit, wait).await {
                Ok(()) => return,
                Err(unstored) => Err(unstored.into()),
            }
        }
        ending => ending,
    };
    match ending {
        Ok(known) => {
            failpoint::reach("before-ack");
            if line.acknowledge(&acker).await.is_ok() {
                metrics::answered(&pursuit.request, &known.terminal, received);
            }
        }
        Err(Unfinished::Refused(error)) => {
            let kept = (&arrival, &acker);
            if dead_letter::unstorable(line, kept, &error, pursuit.failures).await.is_ok() {
                metrics::unstorable(OPEN_REQUESTS_QUEUE, &pursuit.request.id, &error, received);
            }
        }
        Err(Unfinished::LetGo | Unfinished::Later(_)) => {
            // Whoever takes it next should not have to wait for our claim to lapse.
            let _ = tokio::time::timeout(Duration::from_secs(1), worker.release(&pursuit)).await;
            line.give_back(&acker).await;
            metrics::given_back(&pursuit.request.id, received);
        }
    }
}

/// Why a request has not come to its end with this delivery.
enum Unfinished {
    /// The worker stops or its session is lost.
    LetGo,
    /// It must wait for longer than it may hold a place.
    Later(Duration),
    /// Redis refuses, again and again.
    Refused(StoreError),
}

impl From<LetGo> for Unfinished {
    fn from(LetGo: LetGo) -> Self {
        Self::LetGo
    }
}

impl From<Unstored> for Unfinished {
    fn from(unstored: Unstored) -> Self {
        match unstored {
            Unstored::LetGo => Self::LetGo,
            Unstored::Refused(error) => Self::Refused(error),
        }
    }
}

impl From<Unpublished> for Unfinished {
    fn from(unpublished: Unpublished) -> Self {
        match unpublished {
            Unpublished::LetGo => Self::LetGo,
            // The outcome is in the ledger: whoever takes the message then publishes it.
            Unpublished::Unwanted => Self::Later(UNWANTED),
        }
    }
}

async fn see_through(
    worker: &Arc<Worker>,
    line: &Line,
    arrival: &Arrival,
    pursuit: &mut Pursuit,
) -> Result<Known, Unfinished> {
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
) -> Result<Known, Unfinished> {
    loop {
        let held = match claim(worker, line, pursuit).await? {
            Hold::Known(known) => return Ok(*known),
            Hold::Ours(held) => held,
            Hold::Elsewhere(wait) => return Err(Unfinished::Later(wait)),
        };
        let wait = match round(worker, line, pursuit, &held).await? {
            // With `held`, until the outcome is recorded: so long the command is in flight.
            Round::Over(outcome, attempts) => {
                return Ok(conclude(worker, line, pursuit, (outcome, attempts)).await?);
            }
            Round::Again(wait) => wait,
        };
        drop(held);
        if !pursuit.may_wait_in_place(line, wait) {
            return Err(Unfinished::Later(wait));
        }
        line.wait(wait).await?;
        pursuit.waited += wait;
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
    held: &Held,
) -> Result<Round, Unstored> {
    let claimed = &*held.claimed;
    if claimed.announced == Announced::Yes {
        // Until a command has been written, there was none.
        pursuit.last = LastCommand::Unsent;
    }
    pursuit.go_on_from(claimed);
    let known = worker.directory.get(&pursuit.request.data.integration_id);
    let verdict = decide(worker, known.as_deref().map(|known| &known.rules), pursuit, claimed);
    let (integration, opening) = match (verdict, known) {
        (Verdict::Open(opening), Some(integration)) => (integration, opening),
        (Verdict::Unknown(opening), Some(integration)) => {
            let outcome = doubtful(worker, line, &integration, (claimed, opening)).await;
            return Ok(Round::Over(outcome, claimed.attempts));
        }
        (Verdict::Over(outcome), _) => return Ok(Round::Over(outcome, claimed.attempts)),
        (Verdict::Wait, _) | (Verdict::Open(_) | Verdict::Unknown(_), None) => {
            return Ok(Round::Again(booking_poll(claimed)));
        }
    };
    pursuit.lock = Some(opening.lock_id);
    let waiting = pursuit.waiting();
    if !waiting.is_zero() {
        return Ok(Round::Again(waiting));
    }
    if claimed.doubt.commands > pursuit.log_asked_at {
        pursuit.log_asked_at = claimed.doubt.commands;
        let (lock, limit) = (opening.lock_id, LOG_BEFORE_COMMAND);
        match entry_log::ask(worker, &integration, claimed, lock, limit).await {
            Word::Opened(opened_at, iq_id) => {
                let outcome = opened_then(claimed, opening, (opened_at, iq_id));
                return Ok(Round::Over(outcome, claimed.attempts));
            }
            Word::Nothing => {}
            // The next round sees it, and whether the request can wait that long.
            Word::Paused => return Ok(Round::Again(Duration::ZERO)),
        }
    }

    match open((worker, line), &integration, pursuit, held, &opening).await {
        Opened::Yes { iq_id, opened_at } => {
            pursuit.last = LastCommand::Standing;
            Ok(Round::Over(opened_then(claimed, opening, (opened_at, iq_id)), claimed.attempts + 1))
        }
        Opened::Prepared => Ok(Round::Again(Duration::ZERO)),
        Opened::Later(wait) => Ok(Round::Again(wait)),
        Opened::LetGo => Err(Unstored::LetGo),
        Opened::No { setback, iq_id } => {
            if let Some(pause) = setback.pause {
                let id = &integration.rules.id;
                line.insist(|| worker.ledger.pause(id, pause)).await?;
            }
            let (written, paused) = (u32::from(setback.written), setback.pause.is_some());
            Ok(match after(worker, pursuit, claimed, (setback, &opening, iq_id)) {
                After::Again(wait) => Round::Again(wait),
                After::Failed(outcome) => Round::Over(outcome, claimed.attempts + written),
                After::Unknown if paused => {
                    Round::Over(unknown(Some(opening.lock_id)), claimed.attempts + written)
                }
                After::Unknown => {
                    let doubt = (claimed, opening);
                    let outcome = doubtful(worker, line, &integration, doubt).await;
                    Round::Over(outcome, claimed.attempts + written)
                }
            })
        }
    }
}

/// The longer a booking has been awaited, the more rarely it is looked for.
fn booking_poll(claimed: &Claimed) -> Duration {
    let waited = (Utc::now() - claimed.taken_at).to_std().unwrap_or_default();
    waited.clamp(BOOKING_POLL, BOOKING_POLL_MOST)
}

/// The rules' word on this round.
enum Verdict {
    Open(Opening),
    /// The booking may yet become known.
    Wait,
    /// A command went unanswered and may not be repeated.
    Unknown(Opening),
    Over(Outcome),
}

fn decide(
    worker: &Worker,
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
            Verdict::Unknown(opening)
        }
        Decision::Open(opening) => Verdict::Open(opening),
        Decision::Expired(opening) if in_doubt => Verdict::Unknown(opening),
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
enum After {
    Again(Duration),
    Failed(Outcome),
    /// A command went unanswered and may not be repeated.
    Unknown,
}

fn after(
    worker: &Arc<Worker>,
    pursuit: &mut Pursuit,
    claimed: &Claimed,
    (setback, opening, iq_id): (Setback, &Opening, Option<String>),
) -> After {
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
            After::Again(wait)
        }
        Next::GiveUp if doubt.commands > 0 => After::Unknown,
        Next::GiveUp => {
            let lock_id = Some(opening.lock_id);
            After::Failed(Outcome::Failed { failure, lock_id, iq_id })
        }
    }
}

/// What becomes of a command that went unanswered and may not be repeated: Salto's log may know.
async fn doubtful(
    worker: &Worker,
    line: &Line,
    integration: &Integration,
    (claimed, opening): (&Claimed, Opening),
) -> Outcome {
    let limit = if line.is_halted() { LOG_BEFORE_COMMAND } else { LOG_BEFORE_END };
    match entry_log::ask(worker, integration, claimed, opening.lock_id, limit).await {
        Word::Opened(opened_at, iq_id) => opened_then(claimed, opening, (opened_at, iq_id)),
        Word::Nothing | Word::Paused => unknown(Some(opening.lock_id)),
    }
}

/// The door opened then, through this IQ.
fn opened_then(
    claimed: &Claimed,
    opening: Opening,
    (opened_at, iq_id): (DateTime<Utc>, String),
) -> Outcome {
    let booking_ends = claimed.booking.as_ref().map_or(opened_at, |booking| booking.ends_at);
    Outcome::Opened { opening, iq_id, opened_at, booking_ends }
}

/// A command went unanswered and may not be repeated: whatever comes later, nobody knows whether
/// the door opened.
fn unknown(lock_id: Option<uuid::Uuid>) -> Outcome {
    let detail = "a command went unanswered: the door may have opened or not";
    let failure = Failure::new(FailedReason::OutcomeUnknown, detail);
    Outcome::Failed { failure, lock_id, iq_id: None }
}
