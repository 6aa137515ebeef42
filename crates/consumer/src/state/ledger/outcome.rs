//! The recorded outcome of a request: written once, published until the broker has confirmed it.

use chrono::{DateTime, Utc};
use deadpool_redis::redis::{FromRedisValue, Value};
use events::{Outbound, OutboundData};
use serde::Serialize;

use crate::state::{
    confirmations::AwaitedOpening,
    store::{RecordError, StoreError},
};

/// An outcome to record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Conclusion<'a> {
    /// The event that answers the request.
    pub(crate) terminal: &'a Outbound,
    /// The check-in, where the opening has one.
    pub(crate) check_in: Option<CheckInOfBooking<'a>>,
    /// The audit line.
    pub(crate) audit: &'a AuditLine,
    /// Whether its dead letter is made: it was recorded before, and the record has expired since.
    pub(crate) dead_lettered: bool,
    /// The opening, where it waits for its confirmation.
    pub(crate) awaited: Option<&'a AwaitedOpening>,
}

/// The event that the first opening of a booking adds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CheckInOfBooking<'a> {
    pub(crate) event: &'a Outbound,
    /// The mark of the first opening outlives the booking.
    pub(crate) booking_ends_at: DateTime<Utc>,
}

/// The audit line of an outcome, and where it goes when the outcome is recorded.
#[derive(Debug)]
pub(crate) enum AuditLine {
    /// There is no audit.
    None,
    /// Into the stream, in the same step.
    Stream(String),
    /// To the outcome's record, until a worker has written it to its sink.
    Keep(String),
}

/// A recorded outcome.
#[derive(Debug, Clone)]
pub(crate) struct RecordedOutcome {
    /// The event that answers the request.
    pub(crate) terminal: Outbound,
    /// The check-in that came with it.
    pub(crate) check_in: Option<Outbound>,
    /// Whether its dead letter is in the dead letters, where it needs one.
    pub(crate) dead_lettered: bool,
    /// Its audit line, where it is still to be written.
    pub(crate) audit: Option<String>,
    /// Whether the broker has confirmed the terminal event, and only the check-in is still to be
    /// published.
    pub(crate) terminal_published: bool,
    /// Whether a confirmation waits until the broker has confirmed the terminal event.
    pub(crate) confirmation_awaited: bool,
    /// Whether an earlier delivery recorded it: it may be published already.
    pub(crate) recorded_before: bool,
    /// Whether another owner is about to publish it, to write its line and to make its dead letter.
    pub(crate) claimed_elsewhere: bool,
}

impl RecordedOutcome {
    /// Whether a step that is done once is still to be done: its audit line, or the dead letter of a
    /// failure.
    pub(crate) fn is_unfinished(&self) -> bool {
        let failed = matches!(self.terminal.data, OutboundData::OpenFailed(_));
        self.audit.is_some() || (failed && !self.dead_lettered)
    }
}

/// The answer of conclude.lua, after its first field: terminal event, check-in event, whether the dead letter is made, audit
/// line still to be written, whether the terminal event is published, the state of the confirmation.
pub(super) type Recorded =
    (Vec<u8>, Option<Vec<u8>>, String, Option<String>, String, Option<String>);

/// What became of an outcome.
#[derive(Debug)]
pub(crate) enum Concluded {
    /// This outcome is recorded: the one that was to be, or an earlier one.
    Recorded(Box<RecordedOutcome>),
    /// It is not recorded, as another owner has claimed the request since.
    ClaimedElsewhere,
}

/// Reads the answer of conclude.lua to this event, and to what was sent of it.
pub(super) fn read_concluded(
    answer: Value,
    (sent, terminal): (&str, &Outbound),
) -> Result<Concluded, StoreError> {
    let Value::Array(mut fields) = answer else {
        return Err(StoreError::Away(format!("the ledger answered {answer:?}")));
    };
    if fields.len() == 1 {
        return Ok(Concluded::ClaimedElsewhere);
    }
    let recorded = Value::Array(fields.split_off(1));
    let recorded = Recorded::from_redis_value(recorded).map_err(RecordError::from)?;
    // Most often it is this one that was recorded.
    let terminal = match recorded.0 == sent.as_bytes() {
        true => terminal.clone(),
        false => from_record(&recorded.0)?,
    };
    Ok(Concluded::Recorded(Box::new(outcome_with(terminal, recorded)?)))
}

/// Reads a recorded outcome that no other owner claims.
pub(super) fn read_outcome(recorded: Recorded) -> Result<RecordedOutcome, RecordError> {
    outcome_with(from_record(&recorded.0)?, recorded)
}

fn outcome_with(terminal: Outbound, recorded: Recorded) -> Result<RecordedOutcome, RecordError> {
    let (_, check_in, dead_lettered, audit, terminal_published, confirmation) = recorded;
    Ok(RecordedOutcome {
        terminal,
        check_in: check_in.as_deref().map(from_record).transpose()?,
        dead_lettered: dead_lettered == "1",
        audit,
        terminal_published: terminal_published == "1",
        confirmation_awaited: confirmation.as_deref() == Some("awaited"),
        recorded_before: true,
        claimed_elsewhere: false,
    })
}

pub(super) fn to_record(value: &impl Serialize) -> Result<String, RecordError> {
    serde_json::to_string(value).map_err(|error| RecordError::new(error.to_string()))
}

pub(super) fn from_record(record: &[u8]) -> Result<Outbound, RecordError> {
    serde_json::from_slice(record)
        .map_err(|error| RecordError::new(format!("a recorded outcome is unreadable: {error}")))
}

/// Reads a terminal event from its record.
pub(crate) fn read_event(record: &[u8]) -> Result<Outbound, RecordError> {
    from_record(record)
}

/// Writes a terminal event as [`read_event`] reads it.
pub(crate) fn write_event(event: &Outbound) -> Result<String, RecordError> {
    to_record(event)
}
