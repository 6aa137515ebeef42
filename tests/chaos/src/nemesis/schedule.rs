//! Plans the faults of a run. Every kind of fault occurs once before any occurs again.

use super::random_fault::random_fault;
use super::{FaultAction, LinkTarget, PlannedFault};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use std::collections::BTreeMap;
use std::time::Duration;

/// The kind that is planned apart from the others: it occurs every few seconds.
const DLQ_REPLAY: &str = "dlq-replay";

/// All kinds of faults, by their names for `--faults`.
pub const KINDS: [&str; 27] = [
    "worker-kill",
    "worker-freeze",
    "worker-stop",
    "broker-kill",
    "broker-freeze",
    "broker-stop",
    "broker-alarm",
    "redis-kill",
    "redis-freeze",
    "redis-replies",
    "broker-link",
    "redis-link",
    "salto-link",
    "outbound-binding",
    DLQ_REPLAY,
    "salto-status",
    "salto-delay",
    "salto-reset",
    "salto-dropped",
    "salto-silence",
    "salto-half",
    "salto-rate-limit",
    "salto-identity",
    "salto-lists",
    "salto-revoke",
    "salto-offline",
    "salto-skew",
];

/// What a schedule is planned for.
#[derive(Debug, Clone)]
pub struct ScheduleInputs {
    pub duration: Duration,
    pub workers: usize,
    /// A selection of [`KINDS`].
    pub kinds: Vec<&'static str>,
    pub iqs: Vec<String>,
}

/// Plans the faults; the same arguments give the same faults. All faults end a second before the end of the run, except
/// for the time that servers need to start.
pub fn schedule(seed: u64, inputs: &ScheduleInputs) -> Vec<PlannedFault> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut planned = Vec::new();
    let mut busy = BTreeMap::new();
    let mut remaining: Vec<&str> = Vec::new();
    let mut at = 2000;
    let end = millis(inputs.duration).saturating_sub(1000);
    let (replays, kinds): (Vec<&str>, Vec<&str>) =
        inputs.kinds.iter().partition(|kind| **kind == DLQ_REPLAY);
    while at + 1000 < end && !kinds.is_empty() {
        if remaining.is_empty() {
            remaining.clone_from(&kinds);
            remaining.shuffle(&mut rng);
        }
        // A group that still has a fault gets no other one; that kind follows later.
        let random = |kind: &&str| random_fault(&mut rng, kind, inputs.workers, &inputs.iqs);
        let candidates: Vec<_> = remaining.iter().map(random).collect();
        let free = |action: &FaultAction| busy.get(&group(action)).is_none_or(|until| *until <= at);
        if let Some(index) = candidates.iter().position(|(action, _)| free(action)) {
            remaining.remove(index);
            let (action, lasts) = candidates[index].clone();
            let lasts = lasts.min(end - at);
            busy.insert(group(&action), at + lasts + recovery(&action));
            let (at, lasts) = (Duration::from_millis(at), Duration::from_millis(lasts));
            planned.push(PlannedFault { at, lasts, action });
        }
        at += rng.random_range(200..2400);
    }
    if !replays.is_empty() {
        planned.extend(dlq_replays(&mut rng, end));
        planned.sort_by_key(|fault| fault.at);
    }
    planned
}

/// Replays of all dead letters, every few seconds.
fn dlq_replays(rng: &mut StdRng, end: u64) -> Vec<PlannedFault> {
    let mut planned = Vec::new();
    let mut at = rng.random_range(4000..8000);
    while at < end {
        let action = FaultAction::DlqReplay;
        planned.push(PlannedFault { at: Duration::from_millis(at), lasts: Duration::ZERO, action });
        at += rng.random_range(3000..8000);
    }
    planned
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The group of a fault: a group has one fault at a time.
fn group(action: &FaultAction) -> (u8, usize) {
    match action {
        FaultAction::WorkerKill(worker)
        | FaultAction::WorkerFreeze(worker)
        | FaultAction::WorkerStop(worker) => (0, *worker),
        FaultAction::BrokerKill
        | FaultAction::BrokerFreeze
        | FaultAction::BrokerStop
        | FaultAction::BrokerAlarm => (1, 0),
        FaultAction::RedisKill | FaultAction::RedisFreeze | FaultAction::EmptyRedis => (2, 0),
        FaultAction::Link(LinkTarget::Broker, ..) => (3, 0),
        FaultAction::Link(LinkTarget::Redis, ..) | FaultAction::RedisReplies(..) => (4, 0),
        FaultAction::Link(LinkTarget::Salto, ..) => (5, 0),
        // One at a time, so that the cause of an effect is known.
        FaultAction::Answer(_) => (6, 0),
        // A change of the clock also invalidates tokens.
        FaultAction::Skew(_) | FaultAction::Revoke => (6, 1),
        FaultAction::Offline(_) => (6, 2),
        FaultAction::OutboundBinding(_) => (7, 0),
        FaultAction::DlqReplay => (8, 0),
    }
}

/// The time after a fault in which its group gets no other one, in milliseconds: with faults all the time, a run shows
/// nothing.
fn recovery(action: &FaultAction) -> u64 {
    match action {
        FaultAction::BrokerKill
        | FaultAction::BrokerFreeze
        | FaultAction::BrokerStop
        | FaultAction::BrokerAlarm => 30_000,
        FaultAction::RedisKill | FaultAction::RedisFreeze | FaultAction::EmptyRedis => 6000,
        FaultAction::WorkerKill(_)
        | FaultAction::WorkerFreeze(_)
        | FaultAction::WorkerStop(_)
        | FaultAction::RedisReplies(..)
        | FaultAction::OutboundBinding(_)
        | FaultAction::Link(LinkTarget::Broker | LinkTarget::Redis, ..) => 4000,
        FaultAction::Link(LinkTarget::Salto, ..) => 3000,
        // The token that replaces a revoked one is not replaced within a minute.
        FaultAction::Revoke | FaultAction::Skew(_) => 65_000,
        FaultAction::Answer(_) | FaultAction::Offline(_) | FaultAction::DlqReplay => 1500,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn inputs(seconds: u64) -> ScheduleInputs {
        ScheduleInputs {
            duration: Duration::from_secs(seconds),
            workers: 3,
            kinds: KINDS.to_vec(),
            iqs: vec!["iq".to_owned()],
        }
    }

    #[test]
    fn a_seed_gives_one_schedule_whose_faults_end_in_time() {
        assert_eq!(schedule(1, &inputs(60)), schedule(1, &inputs(60)));
        assert_ne!(schedule(1, &inputs(60)), schedule(2, &inputs(60)));
        let end = Duration::from_secs(59);
        for one in schedule(3, &inputs(60)) {
            assert!(one.at + one.lasts <= end, "{one:?}");
        }
    }

    #[test]
    fn every_kind_occurs_within_minutes() {
        let kinds: BTreeSet<_> =
            schedule(4, &inputs(300)).iter().map(|one| one.action.kind()).collect();
        for kind in KINDS {
            assert!(kinds.iter().any(|seen| seen.starts_with(kind)), "{kind} is not in {kinds:?}");
        }
    }

    #[test]
    fn a_group_has_one_fault_at_a_time() {
        let mut busy = BTreeMap::new();
        for one in schedule(5, &inputs(300)) {
            let until = busy.insert(group(&one.action), one.at + one.lasts);
            assert!(until.is_none_or(|until| until <= one.at), "{one:?}");
        }
    }
}
