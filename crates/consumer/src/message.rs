//! The way of an open request, from the queue to its end.
//!
//! ```text
//! receive ─► decode ─► claim ─► decide ─► open ─► conclude ─► audit ─► report ─► settle
//! ```

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use events::names::OPEN_REQUESTS_QUEUE;
use lapin::message::Delivery;
use publisher::ReceivedMessage;

use crate::{
    audit::{Unaudited, audit},
    claim::{Hold, claim},
    conclude::conclude,
    dead_letter, decode, failpoint,
    ledger::Known,
    line::{LetGo, Line, Unpublished, Unstored},
    metrics,
    park::park,
    pursuit::{Pursuit, Until},
    report::report,
    round::{Round, round},
    store::StoreError,
    worker::Worker,
};

/// How long an answer that no queue takes stays away before it is offered again.
const UNWANTED: Duration = Duration::from_secs(4);

/// How long a request whose audit line cannot be written stays away. Each time it comes back, its
/// answer is published once more.
const UNAUDITED: Duration = Duration::from_secs(16);

/// Takes an open request to its end: acknowledged once its effect is durable, or given back.
pub(crate) async fn open_request(worker: &Arc<Worker>, line: &Line, delivery: Delivery) {
    let received = Instant::now();
    let redelivered = delivery.redelivered;
    let (arrival, acker) = ReceivedMessage::from_delivery(OPEN_REQUESTS_QUEUE, delivery);
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
        Err(Unfinished::Later(wait, until)) => {
            match park(worker, line, (&arrival, &acker), &pursuit, (wait, until)).await {
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
        Err(Unfinished::LetGo | Unfinished::Later(..)) => {
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
    Later(Duration, Until),
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
            Unpublished::Unwanted => Self::Later(UNWANTED, Until::Listener),
        }
    }
}

impl From<Unaudited> for Unfinished {
    fn from(unaudited: Unaudited) -> Self {
        match unaudited {
            Unaudited::Unstored(unstored) => unstored.into(),
            // The line is in the ledger: whoever takes the message then writes it.
            Unaudited::Unwritten => Self::Later(UNAUDITED, Until::Audit),
        }
    }
}

async fn see_through(
    worker: &Arc<Worker>,
    line: &Line,
    arrival: &ReceivedMessage,
    pursuit: &mut Pursuit,
) -> Result<Known, Unfinished> {
    let known = answer(worker, line, pursuit).await?;
    let audited = audit(worker, line, pursuit, &known).await;
    // The door is open or it is not: who waits for the answer does not wait for the line as well.
    report(line, &known).await?;
    dead_letter::failed(worker, line, (arrival, pursuit, &known)).await?;
    audited?;
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
            Hold::Elsewhere(wait) => return Err(Unfinished::Later(wait, Until::Elsewhere)),
        };
        let (wait, until) = match round(worker, line, pursuit, &held).await? {
            // With `held`, until the outcome is recorded: so long the command is in flight.
            Round::Over(outcome, attempts) => {
                let decided = (&*pursuit, &*held.claimed);
                return Ok(conclude(worker, line, decided, (outcome, attempts)).await?);
            }
            Round::Again(wait, until) => (wait, until),
        };
        drop(held);
        if !pursuit.may_wait_in_place(line, wait) {
            return Err(Unfinished::Later(wait, until));
        }
        line.wait(wait).await?;
        pursuit.waited += wait;
    }
}
