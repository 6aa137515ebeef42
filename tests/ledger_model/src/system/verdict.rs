//! What the rules, the retry decision and the send guard say of a granted claim.

use std::time::Duration;

use rules::{Certainty, Doubt, RetryDecision, retry_decision};

use super::{
    history::window,
    setup::{EXPIRY, FRESHNESS, LEASE, RESEND, Setup},
    state::{Grant, System, Task},
};
use crate::{
    rule_set::RuleSet,
    transition::{AnswerKind, Reserved, Time},
};

/// What a worker may do with a granted claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The request ends.
    Conclude(AnswerKind),
    /// The command may leave.
    Send,
    /// The send guard refuses: the claim is too old, or another worker may have claimed the request.
    ClaimAgain,
    /// A command would be allowed, and none is reserved.
    NotReserved,
}

pub(super) fn verdict(
    system: &System,
    setup: &Setup,
    worker: usize,
    task: &Task,
    grant: &Grant,
) -> Verdict {
    let doubt = doubt(system, task, grant);
    let in_doubt = doubt.commands > 0;
    let refusal = if !grant.allowed || grant.loaded.taken_at >= EXPIRY {
        Some(AnswerKind::Rejected)
    } else if system.clock >= EXPIRY {
        Some(AnswerKind::Failed)
    } else {
        None
    };
    match refusal {
        Some(_) if in_doubt => Verdict::Conclude(AnswerKind::OutcomeUnknown),
        Some(kind) => Verdict::Conclude(kind),
        None if !RESEND.allow(doubt, Duration::ZERO) => {
            Verdict::Conclude(AnswerKind::OutcomeUnknown)
        }
        None if grant.loaded.reserved != Reserved::Yes || grant.paused => Verdict::NotReserved,
        None if guard_allows(system, setup, worker, grant) => Verdict::Send,
        None => Verdict::ClaimAgain,
    }
}

/// The send guard: the state is fresh, and no other worker can have claimed the request. The request's expiry
/// and the resend window are looked at in the same tick.
fn guard_allows(system: &System, setup: &Setup, worker: usize, grant: &Grant) -> bool {
    let age = system.clock - grant.asked_at;
    let is_fresh = age <= FRESHNESS || setup.rules == RuleSet::StateOfAnyAge;
    is_fresh && age < LEASE && system.workers[worker].heartbeat
}

/// Whether a command may follow one that had no effect, or is in doubt as `added` says.
pub(super) fn may_repeat_after(system: &System, grant: &Grant, added: u32) -> bool {
    let loaded = doubt_of(grant, system.clock - grant.asked_at);
    let doubt = Doubt { commands: loaded.commands + added, ..loaded };
    let certainty = if added > 0 { Certainty::Unknown } else { Certainty::NeverHappened };
    let remaining = seconds(EXPIRY - system.clock);
    match retry_decision(certainty, doubt, RESEND, Duration::ZERO, remaining) {
        RetryDecision::Retry(_) => true,
        RetryDecision::GiveUp => false,
    }
}

/// The commands in doubt: by the claim, and for at least as long as this worker knows of them.
fn doubt(system: &System, task: &Task, grant: &Grant) -> Doubt {
    let loaded = doubt_of(grant, system.clock - grant.asked_at);
    let known = task.in_doubt_since.map_or(0, |since| system.clock - since);
    match loaded.commands {
        0 => loaded,
        _ => Doubt { since_first: loaded.since_first.max(seconds(known)), ..loaded },
    }
}

fn doubt_of(grant: &Grant, since_claim: Time) -> Doubt {
    let commands = u32::try_from(grant.loaded.doubts).unwrap_or(u32::MAX);
    let since_first = if commands == 0 {
        Duration::ZERO
    } else {
        seconds(grant.loaded.since_first.min(window()) + since_claim)
    };
    Doubt { commands, since_first }
}

/// A second for a tick.
fn seconds(ticks: Time) -> Duration {
    Duration::from_secs(u64::try_from(ticks).unwrap_or(0))
}
