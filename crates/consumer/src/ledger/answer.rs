//! What the ledger answers.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use deadpool_redis::redis::{FromRedisValue, Value};
use events::{Outbound, OutboundData};
use rules::{Booking, Doubt};

use crate::{bookings, failure::Failure, store::StoreError};

/// The answer to a claim.
#[derive(Debug)]
pub(crate) enum Claim {
    /// The request has its outcome.
    Known(Box<Known>),
    /// Somebody else acts on it, for this long at most.
    Busy(Duration),
    /// It is ours.
    Claimed(Box<Claimed>),
}

/// A recorded outcome.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    /// What the request ended in.
    pub(crate) terminal: Outbound,
    /// The check-in that came with it.
    pub(crate) check_in: Option<Outbound>,
    /// Whether its dead letter is in the dead letters, where it needs one.
    pub(crate) dead_lettered: bool,
    /// Its audit line, where it is still to be written.
    pub(crate) audit: Option<String>,
    /// Whether somebody else is about to publish it, to write its line and to make its dead letter.
    pub(crate) held: bool,
}

impl Known {
    /// Whether something that is to be done once is still to be done: its audit line, or the dead
    /// letter of a failure.
    pub(crate) fn is_unfinished(&self) -> bool {
        let failed = matches!(self.terminal.data, OutboundData::OpenFailed(_));
        self.audit.is_some() || (failed && !self.dead_lettered)
    }
}

/// What a claim loads.
#[derive(Debug)]
pub(crate) struct Claimed {
    /// When the claim was asked for: no duration that it tells began earlier.
    pub(crate) asked_at: Instant,
    /// When the request was first taken from the queue.
    pub(crate) taken_at: DateTime<Utc>,
    /// Commands written for it before this claim.
    pub(crate) attempts: u32,
    /// Those of them that may have opened the door.
    pub(crate) doubt: Doubt,
    /// Why the last one did not open it.
    pub(crate) cause: Option<Failure>,
    /// The newest state of the booking.
    pub(crate) booking: Option<Booking>,
    /// Its revision, where the booking system counts.
    pub(crate) booking_revision: Option<u64>,
    /// Failed attempts before this claim, by whoever made them.
    pub(crate) failures: u32,
    /// How long to wait before a command, after a failed one.
    pub(crate) wait: Duration,
    /// For how long Salto wants no calls for this integration.
    pub(crate) pause: Duration,
    /// The IQ's sealed activation.
    pub(crate) activation: Option<Vec<u8>>,
    /// One-time passwords that Salto has rejected at the IQ in a row.
    pub(crate) rejected_otps: u32,
    /// For how long the IQ is left alone, as Salto has blocked the user there.
    pub(crate) blocked: Duration,
    /// Whether a command may follow.
    pub(crate) announced: Announced,
    /// Whether the request is rehearsed: no door opens for it, whatever its integration does by now.
    pub(crate) rehearsal: bool,
}

impl Claimed {
    /// How long ago the request was first taken; zero where clocks disagree.
    pub(crate) fn waited(&self) -> Duration {
        (Utc::now() - self.taken_at).to_std().unwrap_or_default()
    }
}

/// Whether a claim counts a command as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Announced {
    /// It does: the command may follow at once.
    Yes,
    /// It does not: none was to follow, or none may now.
    No,
    /// It does not: as many others are on their way to the IQ, or for the integration, as may be.
    Full,
}

/// Reads the claim script's answer.
pub(super) fn read_claim(answer: Value, asked_at: Instant) -> Result<Claim, StoreError> {
    let mut fields = Vec::<Value>::from_redis_value(answer)?.into_iter();
    match next::<String>(&mut fields)?.as_str() {
        "known" => {
            let terminal: Vec<u8> = next(&mut fields)?;
            let check_in: Option<Vec<u8>> = next(&mut fields)?;
            let dead_lettered: String = next(&mut fields)?;
            let held: i64 = next(&mut fields)?;
            let audit = next(&mut fields)?;
            let known = read_known(&terminal, check_in.as_deref(), &dead_lettered, audit)?;
            Ok(Claim::Known(Box::new(Known { held: held == 1, ..known })))
        }
        "busy" => Ok(Claim::Busy(duration(next(&mut fields)?))),
        "claimed" => {
            read_claimed(fields, asked_at).map(|claimed| Claim::Claimed(Box::new(claimed)))
        }
        other => Err(StoreError::Refused(format!("the ledger answered {other:?}"))),
    }
}

fn read_claimed(
    mut fields: impl Iterator<Item = Value>,
    asked_at: Instant,
) -> Result<Claimed, StoreError> {
    let taken_at: String = next(&mut fields)?;
    let taken_at = DateTime::parse_from_rfc3339(&taken_at)
        .map_err(|error| StoreError::Refused(format!("a record's time is unreadable: {error}")))?
        .to_utc();
    let attempts = next(&mut fields)?;
    let doubt = Doubt { commands: next(&mut fields)?, since_first: duration(next(&mut fields)?) };
    let cause: String = next(&mut fields)?;
    let booking: Option<Vec<u8>> = next(&mut fields)?;
    let version: Option<String> = next(&mut fields)?;
    let version = version.as_deref().and_then(bookings::read_order);
    Ok(Claimed {
        asked_at,
        taken_at,
        attempts,
        doubt,
        cause: Failure::from_record(&cause),
        booking: booking.as_deref().map(bookings::read).transpose()?,
        booking_revision: version.and_then(|version| version.revision),
        failures: next(&mut fields)?,
        wait: duration(next(&mut fields)?),
        pause: duration(next(&mut fields)?),
        activation: next(&mut fields)?,
        rejected_otps: next(&mut fields)?,
        blocked: duration(next(&mut fields)?),
        announced: match next::<String>(&mut fields)?.as_str() {
            "yes" => Announced::Yes,
            "full" => Announced::Full,
            _ => Announced::No,
        },
        rehearsal: next::<String>(&mut fields)? == "1",
    })
}

/// Reads a recorded outcome that nobody else holds.
pub(super) fn read_known(
    terminal: &[u8],
    check_in: Option<&[u8]>,
    dead_lettered: &str,
    audit: Option<String>,
) -> Result<Known, StoreError> {
    Ok(Known {
        terminal: from_record(terminal)?,
        check_in: check_in.map(from_record).transpose()?,
        dead_lettered: dead_lettered == "1",
        audit,
        held: false,
    })
}

fn next<T: FromRedisValue>(fields: &mut impl Iterator<Item = Value>) -> Result<T, StoreError> {
    let field =
        fields.next().ok_or_else(|| StoreError::Refused("the ledger's answer is short".into()))?;
    Ok(T::from_redis_value(field)?)
}

fn from_record(record: &[u8]) -> Result<Outbound, StoreError> {
    serde_json::from_slice(record)
        .map_err(|error| StoreError::Refused(format!("a recorded outcome is unreadable: {error}")))
}

/// `PTTL` answers negative numbers where there is nothing to wait for.
fn duration(millis: i64) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}
