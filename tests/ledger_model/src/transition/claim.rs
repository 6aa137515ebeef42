//! `claim.lua`: an owner claims the request, and the claim reserves a command.

use std::cmp::Ordering;

use super::record::{
    ClaimHolder, CountedResult, FirstDoubt, LONGER_THAN_ANY_LIMIT, LastCommandResult, OwnerId,
    ProcessId, RecordedAnswer, RequestRecord, Reserved, Subject, Time,
};
use crate::rule_set::RuleSet;

/// What an owner asks for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ClaimRequest {
    pub owner: OwnerId,
    pub process: ProcessId,
    /// Counted before every claim, but not before one that repeats another whose reply was lost.
    pub attempt: u32,
    /// The attempt of the last claim whose grant the owner has seen: `last` is about its command.
    pub granted: u32,
    /// Whether a command follows at once, so that the claim reserves it.
    pub follows_at_once: bool,
    pub last: LastCommandResult,
    /// Whether the broker took the message back from another consumer.
    pub redelivered: bool,
    pub subject: Subject,
    pub rehearsal: bool,
    /// The worker's clock.
    pub now: Time,
    pub keep_until: Time,
}

/// What a claim finds in Redis beside the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Surroundings {
    /// Redis' clock.
    pub now: Time,
    /// How long a claim lasts.
    pub lease: Time,
    /// Whether the process of the present holder has its heartbeat.
    pub holder_is_alive: bool,
    /// Whether the booking is known, and neither a pause nor a block of the IQ is in force.
    pub may_send: bool,
    /// Whether the number of commands in flight is below its limits.
    pub has_room: bool,
}

/// The answer to a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClaimReply {
    /// The id was used before for this.
    Conflict(Subject),
    /// The request has its outcome.
    Known {
        answer: RecordedAnswer,
        dead_lettered: bool,
        /// Another owner is about to publish it.
        claimed_elsewhere: bool,
        terminal_published: bool,
    },
    /// Another owner has the claim for this long at most; 0 where the claim came too late.
    Busy(Time),
    /// The claim is granted.
    Granted(LoadedRecord),
}

/// What a granted claim loads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LoadedRecord {
    pub taken_at: Time,
    /// Commands written before this claim.
    pub attempts: i64,
    /// Those of them that are in doubt.
    pub doubts: i64,
    /// The time since the first of them.
    pub since_first: Time,
    pub failures: u32,
    /// The time until a command may be reserved.
    pub wait: Time,
    pub reserved: Reserved,
    pub rehearsal: bool,
}

/// Applies a claim to the record.
pub fn claim(
    record: &mut Option<RequestRecord>,
    asked: &ClaimRequest,
    around: Surroundings,
    rules: RuleSet,
) -> ClaimReply {
    let mut next =
        record.clone().unwrap_or_else(|| RequestRecord::new(asked.subject, asked.keep_until));
    if next.subject != asked.subject {
        return ClaimReply::Conflict(next.subject);
    }
    let claimed = claimed_elsewhere(&next, asked, around);
    if let Some(answer) = next.terminal {
        return ClaimReply::Known {
            answer,
            dead_lettered: next.dead_lettered,
            claimed_elsewhere: claimed.is_some(),
            terminal_published: next.terminal_published,
        };
    }
    if let Some(left) = claimed {
        return ClaimReply::Busy(left);
    }
    if next.released.contains(&asked.owner) {
        return ClaimReply::Busy(0);
    }
    let mine = next.holder.take_if(|holder| holder.owner == asked.owner);
    if mine.as_ref().is_some_and(|mine| asked.attempt < mine.attempt) {
        return ClaimReply::Busy(0);
    }
    let granted = grant(&mut next, mine, asked, around, rules);
    *record = Some(next);
    ClaimReply::Granted(granted)
}

/// Grants the claim to an owner that may already have it.
fn grant(
    next: &mut RequestRecord,
    mine: Option<ClaimHolder>,
    asked: &ClaimRequest,
    around: Surroundings,
    rules: RuleSet,
) -> LoadedRecord {
    let again = mine
        .as_ref()
        .filter(|mine| mine.attempt == asked.attempt && rules != RuleSet::RepeatedClaimReserves);
    let wait = (next.not_before - around.now).max(0);
    let reserved = match again {
        Some(again) => again.reserved,
        None => reservation(asked, around, wait),
    };
    let mut before = next.clone();
    match (&mine, again, reserved) {
        // The command that this claim has reserved is none of those before it.
        (_, Some(_), Reserved::Yes) => before.correct(CountedResult::NotSent),
        (_, Some(_), Reserved::No | Reserved::Full) | (None, None, _) => {}
        (Some(mine), None, _) => {
            before.correct(result_before(mine, asked, rules));
            *next = before.clone();
        }
    }
    let taken_at = next.taken_at.unwrap_or(asked.now);
    let loaded = LoadedRecord {
        taken_at,
        attempts: before.attempts,
        doubts: before.doubts,
        since_first: since_first(before.first_doubt, asked.now, around.now),
        failures: next.failures,
        wait,
        reserved,
        rehearsal: if next.taken_at.is_some() { next.rehearsal } else { asked.rehearsal },
    };
    if reserved == Reserved::Yes && again.is_none() {
        next.attempts += 1;
        next.doubts += 1;
        next.first_doubt.get_or_insert(FirstDoubt { at: around.now, seen: asked.now });
    }
    next.taken_at = Some(taken_at);
    next.rehearsal = loaded.rehearsal;
    next.holder = Some(ClaimHolder {
        owner: asked.owner,
        until: around.now + around.lease,
        process: asked.process,
        attempt: asked.attempt,
        reserved,
        in_flight: reserved == Reserved::Yes,
    });
    next.expires_at = asked.keep_until;
    loaded
}

/// For how long another owner has the claim: until its lease ends; or, where the message was redelivered,
/// until the heartbeat of its process ends. A lease that ends later than two leases from now was given
/// before Redis' clock was set back.
fn claimed_elsewhere(
    record: &RequestRecord,
    asked: &ClaimRequest,
    around: Surroundings,
) -> Option<Time> {
    let holder = record.holder.as_ref().filter(|holder| holder.owner != asked.owner)?;
    let left = holder.until - around.now;
    let lasts = left > 0 && left <= 2 * around.lease;
    (lasts && (!asked.redelivered || around.holder_is_alive)).then_some(left)
}

/// A command that cannot be sent now is not reserved.
fn reservation(asked: &ClaimRequest, around: Surroundings, wait: Time) -> Reserved {
    if !asked.follows_at_once || !around.may_send || wait > 0 {
        Reserved::No
    } else if around.has_room {
        Reserved::Yes
    } else {
        Reserved::Full
    }
}

/// What became of the last command of an owner that claims again or releases its claim. A result counts
/// once, for the attempt that it is about. The command of a later attempt was never sent: the reply to its
/// claim was lost. Where Redis has lost the claim that was granted last, nothing is known of the earlier
/// command.
pub(super) fn result_counted(
    holder: &ClaimHolder,
    granted: u32,
    last: LastCommandResult,
    rules: RuleSet,
) -> CountedResult {
    if rules == RuleSet::ResultCountedAgain {
        return last.into();
    }
    if holder.reserved != Reserved::Yes {
        return CountedResult::InDoubt;
    }
    match holder.attempt.cmp(&granted) {
        Ordering::Equal => last.into(),
        Ordering::Greater => CountedResult::NotSent,
        Ordering::Less if rules == RuleSet::LostClaimUndone => CountedResult::NotSent,
        Ordering::Less => CountedResult::InDoubt,
    }
}

fn result_before(mine: &ClaimHolder, asked: &ClaimRequest, rules: RuleSet) -> CountedResult {
    let applied_before = mine.attempt == asked.attempt;
    match (applied_before, mine.reserved) {
        (true, Reserved::Yes) => CountedResult::NotSent,
        (true, Reserved::No | Reserved::Full) => CountedResult::InDoubt,
        (false, _) => result_counted(mine, asked.granted, asked.last, rules),
    }
}

/// The time since the first command in doubt, by the clock by which it is longer.
fn since_first(first: Option<FirstDoubt>, worker_now: Time, redis_now: Time) -> Time {
    let Some(first) = first else { return 0 };
    let by_redis = match redis_now < first.at {
        true => LONGER_THAN_ANY_LIMIT,
        false => redis_now - first.at,
    };
    by_redis.max(worker_now - first.seen)
}
