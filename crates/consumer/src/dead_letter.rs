//! Messages that nobody can go on with: kept as they came, with the reason.

use chrono::Utc;
use events::{DeadLetterReason, DecodeError, OutboundData};
use lapin::Acker;
use publisher::{DeadLetter, Message, ReceivedMessage};

use crate::{
    failpoint,
    ledger::Known,
    line::{LetGo, Line, Unstored},
    metrics,
    pursuit::Pursuit,
    store::StoreError,
    worker::Worker,
};

/// Keeps a message that is no event of its queue, and settles it.
pub(crate) async fn undecodable(
    line: &Line,
    (arrival, acker): (&ReceivedMessage, &Acker),
    error: &DecodeError,
) -> Result<(), LetGo> {
    let why = DeadLetter { reason: error.kind.into(), detail: &error.detail, attempts: 0 };
    keep(line, arrival, why).await?;
    line.acknowledge(acker).await
}

/// Keeps a message that Redis refused, and settles it.
pub(crate) async fn unstorable(
    line: &Line,
    (arrival, acker): (&ReceivedMessage, &Acker),
    error: &StoreError,
    attempts: u32,
) -> Result<(), LetGo> {
    let detail = error.to_string();
    let reason = DeadLetterReason::RetriesExhausted;
    keep(line, arrival, DeadLetter { reason, detail: &detail, attempts }).await?;
    line.acknowledge(acker).await
}

/// Keeps a request that failed, beside its event; once, however often its outcome is published.
pub(crate) async fn failed(
    worker: &Worker,
    line: &Line,
    (arrival, pursuit, known): (&ReceivedMessage, &Pursuit, &Known),
) -> Result<(), Unstored> {
    let OutboundData::OpenFailed(failed) = &known.terminal.data else { return Ok(()) };
    if known.dead_lettered {
        return Ok(());
    }
    let reason = failed.reason.into();
    let detail = match known.terminal.rehearsal {
        true => format!("rehearsal: {}", failed.detail),
        false => failed.detail.clone(),
    };
    keep(line, arrival, DeadLetter { reason, detail: &detail, attempts: failed.attempts }).await?;
    failpoint::reach("after-dead-letter");
    line.insist(|| worker.ledger.dead_lettered(pursuit.reference())).await
}

async fn keep(line: &Line, arrival: &ReceivedMessage, why: DeadLetter<'_>) -> Result<(), LetGo> {
    line.put(&Message::dead_letter(arrival, &why, Utc::now())).await?;
    metrics::dead_letter(why.reason);
    Ok(())
}
