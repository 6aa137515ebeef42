//! The circuit breakers of one host: one for the host, and one for each part of it that fails.
//!
//! A failure is attributed to the thing that was asked for, and counts for what is above it only as evidence:
//! one part alone never opens the breaker above, however often it fails, and a part whose own breaker is open
//! counts no longer. An open breaker stops only calls for parts that have failed themselves, so that no part
//! waits for what others met. The exception is a host that cannot be reached: that is about the host by nature,
//! and its breaker stops all calls.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::failure_count::{FailureCount, WINDOW};
use super::machine::{BreakerState, Machine, PermittedCall};
use super::result::{CallEnd, Change, Refusal, Transition};
use super::subject::{BreakerScope, Counted, Part};

/// A breaker opens after this many failures without a success (decision).
pub(super) const OPENS_AFTER: u32 = 5;
/// So many of them may be of one account, IQ or lock: a breaker above it opens only where two fail, and not
/// at the first failure of the second (decision).
pub(super) const MOST_OF_ONE: u32 = 3;
/// The limit of parts of one part that have failed within the window. Of further ones failures count nowhere.
pub(super) const MOST_PARTS: usize = 1_000;

/// The breaker of the host or of a part, with those below it.
#[derive(Debug, Default)]
pub(super) struct Node {
    machine: Machine,
    /// All failures without a success, for the error and the log.
    failures: u32,
    opened_by: String,
    /// Failures of this itself, and not of a part of it.
    own: FailureCount,
    parts: HashMap<Part, Below>,
}

/// A part, and what it means for the breaker above it.
#[derive(Debug, Default)]
struct Below {
    node: Node,
    /// Its failures since the last success of any part.
    failures: FailureCount,
    /// How many of the probes were calls for it, and whether a call for it was refused since.
    probes: u32,
    waits: bool,
}

impl Node {
    /// Whether a breaker on the path refuses a call: the one with the longest wait.
    pub(super) fn refusal(&self, path: &[Part], now: Instant, jitter: f64) -> Option<Refusal> {
        let here = self.wait(path.first(), now, jitter).map(|retry_after| Refusal {
            retry_after,
            depth: 0,
            failures: self.failures,
            opened_by: self.opened_by.clone(),
        });
        let below = path.split_first().and_then(|(part, rest)| {
            let refusal = self.parts.get(part)?.node.refusal(rest, now, jitter)?;
            Some(Refusal { depth: refusal.depth + 1, ..refusal })
        });
        here.into_iter().chain(below).max_by_key(|refusal| refusal.retry_after)
    }

    fn wait(&self, part: Option<&Part>, now: Instant, jitter: f64) -> Option<Duration> {
        let others_first = || part.is_some_and(|part| self.others_probe_before(part, now));
        if self.concerns(part, now) { self.machine.wait(others_first, now, jitter) } else { None }
    }

    /// Whether this breaker, where it is open, stops calls for that part: it has failed itself, or the failures
    /// are not those of parts.
    fn concerns(&self, part: Option<&Part>, now: Instant) -> bool {
        let Some(part) = part else { return true };
        let failed = |below: &Below| below.failures.is_recent(now);
        self.own.recent(now) >= OPENS_AFTER || self.parts.get(part).is_some_and(failed)
    }

    /// Whether a call for another account or part waits that has probed less often.
    fn others_probe_before(&self, part: &Part, now: Instant) -> bool {
        let mut probes: HashMap<Counted<'_>, (u32, bool)> = HashMap::new();
        for (part, below) in &self.parts {
            let (sum, waits) = probes.entry(part.counted()).or_default();
            *sum += below.probes;
            *waits |= below.waits && below.failures.is_recent(now);
        }
        let own = probes.remove(&part.counted()).map_or(0, |(sum, _)| sum);
        probes.values().any(|&(sum, waits)| waits && sum < own)
    }

    /// Remembers that a call was refused: its part is to probe before those that have.
    pub(super) fn set_waiting(&mut self, path: &[Part], now: Instant) {
        let Some((part, rest)) = path.split_first() else { return };
        let refused = self.wait(Some(part), now, 0.0).is_some();
        if let Some(below) = self.parts.get_mut(part) {
            below.waits |= refused;
            below.node.set_waiting(rest, now);
        }
    }

    /// Makes a permitted call the probe of each breaker on its path that would stop other calls, and returns
    /// whether there is one.
    pub(super) fn begin_probe(&mut self, path: &[Part], probe: u64, now: Instant) -> bool {
        let here = self.concerns(path.first(), now) && self.machine.begin_probe(probe, now);
        let Some((part, rest)) = path.split_first() else { return here };
        let Some(below) = self.parts.get_mut(part) else { return here };
        if here {
            below.probes += 1;
            below.waits = false;
        }
        below.node.begin_probe(rest, probe, now) || here
    }

    /// Records a success: everything on the path works.
    pub(super) fn succeed(&mut self, path: &[Part], now: Instant) -> Vec<Transition> {
        self.failures = 0;
        self.own = FailureCount::default();
        let mut transitions = Vec::new();
        if self.machine.close() {
            transitions.push(Transition { depth: 0, change: Change::Closed });
        }
        if let Some((part, rest)) = path.split_first()
            && let Some(below) = self.parts.get_mut(part)
        {
            let below = below.node.succeed(rest, now);
            transitions.extend(below.into_iter().map(Transition::deeper));
        }
        for below in self.parts.values_mut() {
            *below = Below { node: std::mem::take(&mut below.node), ..Below::default() };
        }
        self.parts.retain(|_, below| !below.is_unused(now));
        transitions
    }

    /// Records a failure of what was asked for. It counts here where all breakers below were closed; returns
    /// whether it counts above too.
    pub(super) fn fail(&mut self, path: &[Part], end: &CallEnd<'_>) -> (bool, Vec<Transition>) {
        let was_closed = self.machine.is_closed();
        let (counts, below) = match path.split_first() {
            None => {
                self.own.add(1, end.now);
                (true, Vec::new())
            }
            Some((part, rest)) => match self.part(part, end.now) {
                None => (false, Vec::new()),
                Some(below) => {
                    let (counts, transitions) = below.node.fail(rest, end);
                    if counts || !was_closed {
                        below.failures.add(1, end.now);
                    }
                    let transitions = transitions.into_iter().map(Transition::deeper);
                    (counts, transitions.collect())
                }
            },
        };
        let transitions = self.record_failure(end, counts).into_iter().chain(below);
        (counts && was_closed, transitions.collect())
    }

    /// Records that the host could not be reached, which says nothing about the parts of it.
    pub(super) fn fail_to_reach(&mut self, path: &[Part], end: &CallEnd<'_>) -> Vec<Transition> {
        self.own.add(1, end.now);
        if let Some((part, rest)) = path.split_first()
            && let Some(below) = self.part(part, end.now)
        {
            below.failures.add(0, end.now);
            below.node.abandon(rest, end.call, end.now);
        }
        self.record_failure(end, true).into_iter().collect()
    }

    fn record_failure(&mut self, end: &CallEnd<'_>, counts: bool) -> Option<Transition> {
        self.failures = self.failures.saturating_add(1);
        let opens = counts && self.count(end.now) >= OPENS_AFTER;
        if !self.machine.record_failure(end.call, opens, end.now, end.jitter) {
            return None;
        }
        self.opened_by = end.error.to_string();
        let change = Change::Opened { failures: self.failures };
        Some(Transition { depth: 0, change })
    }

    /// The failures that count: those of one account or part up to [`MOST_OF_ONE`].
    fn count(&self, now: Instant) -> u32 {
        let mut counts: HashMap<Counted<'_>, u32> = HashMap::new();
        for (part, below) in &self.parts {
            *counts.entry(part.counted()).or_default() += below.failures.recent(now);
        }
        let of_parts = counts.values().map(|&count| count.min(MOST_OF_ONE)).sum::<u32>();
        self.own.recent(now).saturating_add(of_parts)
    }

    /// Records that the call ended without a result.
    pub(super) fn abandon(&mut self, path: &[Part], call: PermittedCall, now: Instant) {
        self.machine.abandon(call, now);
        if let Some((part, rest)) = path.split_first()
            && let Some(below) = self.parts.get_mut(part)
        {
            below.node.abandon(rest, call, now);
        }
    }

    /// The part, which is added where it is missing; none where too many fail.
    fn part(&mut self, part: &Part, now: Instant) -> Option<&mut Below> {
        if self.parts.len() >= MOST_PARTS && !self.parts.contains_key(part) {
            self.remove_unused(now);
            if self.parts.len() >= MOST_PARTS {
                return None;
            }
        }
        Some(self.parts.entry(part.clone()).or_default())
    }

    /// Removes the breakers that are not in use any more.
    pub(super) fn remove_unused(&mut self, now: Instant) {
        for below in self.parts.values_mut() {
            below.node.remove_unused(now);
        }
        self.parts.retain(|_, below| !below.is_unused(now));
    }

    pub(super) fn state(&self, now: Instant) -> BreakerState {
        self.machine.state(self.failures, now)
    }

    /// Adds the open breakers, by scope.
    pub(super) fn count_open(&self, scope: BreakerScope, open: &mut HashMap<BreakerScope, usize>) {
        *open.entry(scope).or_default() += usize::from(!self.machine.is_closed());
        for (part, below) in &self.parts {
            below.node.count_open(part.scope(), open);
        }
    }

    /// How many parts have a breaker, at all depths.
    #[cfg(test)]
    pub(super) fn size(&self) -> usize {
        self.parts.values().map(|below| 1 + below.node.size()).sum()
    }
}

impl Below {
    fn is_unused(&self, now: Instant) -> bool {
        let node = &self.node;
        !self.failures.is_recent(now)
            && !node.own.is_recent(now)
            && node.parts.is_empty()
            && node.machine.is_unused_for(WINDOW, now)
    }
}
