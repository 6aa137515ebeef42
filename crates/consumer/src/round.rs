//! One round of an open request: the rules, and at most one command.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use rules::Opening;

use crate::{
    after::{After, after, unknown},
    claim::Held,
    conclude::Outcome,
    decide::{Verdict, decide},
    directory::Integration,
    entry_log::{self, Word},
    ledger::{Announced, Claimed, LastCommand},
    line::{Line, Unstored},
    open::{Opened, open},
    pursuit::{Pursuit, Until},
    worker::Worker,
};

/// How often to look whether a booking has become known: at first, and later.
const BOOKING_POLL: Duration = Duration::from_millis(100);
const BOOKING_POLL_MOST: Duration = Duration::from_secs(1);

/// How long Salto's log may take: before another command, and before a request is given up.
const LOG_BEFORE_COMMAND: Duration = Duration::from_secs(1);
const LOG_BEFORE_END: Duration = Duration::from_secs(3);

/// How a round ended.
pub(crate) enum Round {
    /// With an answer, after so many commands.
    Over(Outcome, u32),
    /// With a wait for another one.
    Again(Duration, Until),
}

/// Reads the rules, and sends a command where they and all else allow it.
pub(crate) async fn round(
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
    let verdict = decide(worker, known.as_deref(), pursuit, claimed);
    let (integration, opening, act) = match (verdict, known) {
        (Verdict::Open(opening, act), Some(integration)) => (integration, opening, act),
        (Verdict::Unknown(opening), Some(integration)) => {
            let outcome = doubtful(worker, line, &integration, (claimed, opening)).await;
            return Ok(Round::Over(outcome, claimed.attempts));
        }
        (Verdict::Over(outcome), _) => return Ok(Round::Over(outcome, claimed.attempts)),
        (Verdict::Wait, _) | (Verdict::Open(..) | Verdict::Unknown(_), None) => {
            return Ok(Round::Again(booking_poll(claimed), Until::Booking));
        }
    };
    pursuit.lock = Some(opening.lock_id);
    let waiting = pursuit.waiting();
    if !waiting.is_zero() {
        return Ok(Round::Again(waiting, Until::NextTry));
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
            Word::Paused => return Ok(Round::Again(Duration::ZERO, Until::NextTry)),
        }
    }

    match open((worker, line), &integration, pursuit, held, (&opening, act)).await {
        Opened::Yes { iq_id, opened_at } => {
            pursuit.last = LastCommand::Standing;
            Ok(Round::Over(opened_then(claimed, opening, (opened_at, iq_id)), claimed.attempts + 1))
        }
        Opened::AsIf { iq_id } => {
            let outcome = opened_then(claimed, opening, (Utc::now(), iq_id));
            Ok(Round::Over(outcome, claimed.attempts))
        }
        Opened::Prepared => Ok(Round::Again(Duration::ZERO, Until::Prepared)),
        Opened::Later(wait, until) => Ok(Round::Again(wait, until)),
        Opened::LetGo => Err(Unstored::LetGo),
        Opened::No { setback, iq_id } => {
            if let Some(pause) = setback.pause {
                let id = &integration.rules.id;
                line.insist(|| worker.ledger.pause(id, pause)).await?;
            }
            let (written, paused) = (u32::from(setback.written), setback.pause.is_some());
            Ok(match after(worker, pursuit, claimed, (setback, &opening, iq_id)) {
                After::Again(wait) => Round::Again(wait, Until::NextTry),
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
    claimed.waited().clamp(BOOKING_POLL, BOOKING_POLL_MOST)
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
