//! A claim: what it says of the last command, what it reserves, and what it loads.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use deadpool_redis::redis::{FromRedisValue, Value};
use rules::{BookingStates, Doubt};
use salto::{PreparedLock, SharedCorrections};
use uuid::Uuid;

use super::outcome::{RecordedOutcome, read_outcome};
use crate::state::{
    bookings::StoredStates,
    failure::Failure,
    integration_records::SettingsVersion,
    store::{RecordError, StoreError},
};

/// The command that a claim is for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PlannedCommand<'a> {
    /// Where it would go, if that is known.
    pub(crate) target: Option<CommandTarget<'a>>,
    /// The environment of its integration; empty where the integration is unknown.
    pub(crate) environment: &'a str,
    /// Whether it follows the claim at once, so that the claim reserves it.
    pub(crate) follows_at_once: bool,
    /// The settings of its integration that it rests on.
    pub(crate) settings: SettingsVersion,
    /// Whether the integration rehearses now. What it did at a request's first claim holds for the
    /// request.
    pub(crate) rehearsal: bool,
}

/// Where a command goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CommandTarget<'a> {
    pub(crate) iq_id: &'a str,
    pub(crate) lock_id: Uuid,
}

impl<'a> From<&'a PreparedLock> for CommandTarget<'a> {
    fn from(prepared: &'a PreparedLock) -> Self {
        Self { iq_id: &prepared.iq_id, lock_id: prepared.lock_id }
    }
}

/// What became of the last command that an owner reserved, when it claims again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LastCommand {
    /// There was none, or its outcome is unknown.
    NoneOrUnknown,
    /// It was never written.
    NotSent,
    /// It was written, and Salto answered that it had no effect.
    NoEffect,
}

impl LastCommand {
    pub(super) const fn as_arg(self) -> &'static str {
        match self {
            Self::NoneOrUnknown => "",
            Self::NotSent => "unsent",
            Self::NoEffect => "never",
        }
    }
}

/// The result of the last command, and why the last attempt failed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LastResult<'a> {
    pub(crate) command: LastCommand,
    pub(crate) failure: Option<&'a Failure>,
}

/// The answer to a claim.
#[derive(Debug)]
pub(crate) enum ClaimAnswer {
    /// Another request was given the same id; this is about something else: integration, booking and
    /// object of the first one, as JSON.
    Conflict(String),
    /// The request has its outcome.
    Concluded(Box<RecordedOutcome>),
    /// Another owner acts on it, for this long at most.
    Busy(Duration),
    /// Another version of the integration is stored than the one that the claim rests on: nothing was claimed.
    Stale,
    /// The claim is granted.
    Claimed(Box<Claim>),
}

/// A granted claim, and what it loaded.
#[derive(Debug)]
pub(crate) struct Claim {
    /// When the claim was asked for: the durations that it loads began no earlier.
    pub(crate) asked_at: Instant,
    /// When the request was first taken from the queue.
    pub(crate) taken_at: DateTime<Utc>,
    /// Commands written for it before this claim.
    pub(crate) attempts: u32,
    /// Those of them that may have opened the door.
    pub(crate) doubt: Doubt,
    /// Why the last one did not open it.
    pub(crate) failure: Option<Failure>,
    /// The newest states of the booking.
    pub(crate) booking: Option<BookingStates>,
    /// Their revision, where the booking system counts.
    pub(crate) booking_revision: Option<u64>,
    /// Failed attempts before this claim, by all workers.
    pub(crate) failures: u32,
    /// How long to wait before a command, after a failed one.
    pub(crate) wait: Duration,
    /// The rest of the pause that Salto asked for.
    pub(crate) pause: Duration,
    /// The IQ's sealed activation.
    pub(crate) activation: Option<Vec<u8>>,
    /// Consecutive OTP rejections at the IQ.
    pub(crate) rejected_otps: u32,
    /// The rest of the time in which nothing is sent to the IQ, as Salto has blocked the user there.
    pub(crate) blocked: Duration,
    /// Whether the planned command is reserved.
    pub(crate) reservation: Reservation,
    /// Whether the request is rehearsed: it opens no door, even where its integration is live by now.
    pub(crate) rehearsal: bool,
    /// What other replicas have found about locks and clocks.
    pub(crate) corrections: SharedCorrections,
}

impl Claim {
    /// How long ago the request was first taken; zero where the workers' clocks differ.
    pub(crate) fn waited(&self) -> Duration {
        (Utc::now() - self.taken_at).to_std().unwrap_or_default()
    }

    /// How long ago the first command in doubt was reserved.
    pub(crate) fn in_doubt_for(&self) -> Duration {
        self.doubt.since_first + self.asked_at.elapsed()
    }
}

/// Whether a claim counts a command as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reservation {
    /// It does: the command may follow at once.
    Reserved,
    /// It does not: none was planned, or none may be sent now.
    NotReserved,
    /// It does not: the limit of commands in flight to the lock, to the IQ, or for the integration, is
    /// reached.
    Full,
}

/// Reads the answer of claim.lua.
pub(super) fn read_claim_answer(
    answer: Value,
    asked_at: Instant,
) -> Result<ClaimAnswer, StoreError> {
    let strange = |answer: &Value| StoreError::Away(format!("the ledger answered {answer:?}"));
    let Value::Array(fields) = answer else { return Err(strange(&answer)) };
    let mut fields = fields.into_iter();
    let kind = next_value(&mut fields)?;
    match String::from_redis_value_ref(&kind).unwrap_or_default().as_str() {
        "conflict" => Ok(ClaimAnswer::Conflict(next(&mut fields)?)),
        "known" => {
            let (terminal, check_in) = (next(&mut fields)?, next(&mut fields)?);
            let dead_lettered = next(&mut fields)?;
            let claimed: i64 = next(&mut fields)?;
            let (audit, published) = (next(&mut fields)?, next(&mut fields)?);
            let confirmation = next(&mut fields)?;
            let recorded = (terminal, check_in, dead_lettered, audit, published, confirmation);
            let outcome = read_outcome(recorded)?;
            let outcome = RecordedOutcome { claimed_elsewhere: claimed == 1, ..outcome };
            Ok(ClaimAnswer::Concluded(Box::new(outcome)))
        }
        "stale" => Ok(ClaimAnswer::Stale),
        "busy" => Ok(ClaimAnswer::Busy(duration(next(&mut fields)?))),
        "claimed" => Ok(ClaimAnswer::Claimed(Box::new(read_claim(fields, asked_at)?))),
        _ => Err(strange(&kind)),
    }
}

fn read_claim(
    mut fields: impl Iterator<Item = Value>,
    asked_at: Instant,
) -> Result<Claim, StoreError> {
    let taken_at: String = next(&mut fields)?;
    let taken_at = DateTime::parse_from_rfc3339(&taken_at)
        .map_err(|error| RecordError::new(format!("a record's time is unreadable: {error}")))?
        .to_utc();
    let attempts = next(&mut fields)?;
    let doubt = Doubt { commands: next(&mut fields)?, since_first: duration(next(&mut fields)?) };
    let failure: String = next(&mut fields)?;
    let booking: StoredStates = next(&mut fields)?;
    Ok(Claim {
        asked_at,
        taken_at,
        attempts,
        doubt,
        failure: Failure::from_record(&failure),
        booking: booking.read()?,
        booking_revision: booking.version().and_then(|version| version.revision),
        failures: next(&mut fields)?,
        wait: duration(next(&mut fields)?),
        pause: duration(next(&mut fields)?),
        activation: next(&mut fields)?,
        rejected_otps: next(&mut fields)?,
        blocked: duration(next(&mut fields)?),
        reservation: match next::<String>(&mut fields)?.as_str() {
            "yes" => Reservation::Reserved,
            "full" => Reservation::Full,
            _ => Reservation::NotReserved,
        },
        rehearsal: next::<String>(&mut fields)? == "1",
        corrections: SharedCorrections {
            moved_locks: moved_locks(next(&mut fields)?),
            clock: next(&mut fields)?,
        },
    })
}

fn moved_locks(records: HashMap<String, String>) -> HashMap<Uuid, String> {
    let readable = |(lock, iq): (String, String)| Some((lock.parse().ok()?, iq));
    records.into_iter().filter_map(readable).collect()
}

fn next<T: FromRedisValue>(fields: &mut impl Iterator<Item = Value>) -> Result<T, StoreError> {
    Ok(T::from_redis_value(next_value(fields)?).map_err(RecordError::from)?)
}

fn next_value(fields: &mut impl Iterator<Item = Value>) -> Result<Value, StoreError> {
    let too_few = || StoreError::Away("the ledger's answer has too few fields".to_owned());
    fields.next().ok_or_else(too_few)
}

/// `PTTL` answers negative numbers where there is no time to wait.
fn duration(millis: i64) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}
