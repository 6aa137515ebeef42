//! The state machine of one circuit breaker. It is pure: the caller passes time and jitter, and says which
//! failures count.

use std::time::Duration;

use tokio::time::Instant;

/// How long the breaker stays open at first; twice as long after each probe that fails, up to
/// [`OPEN_MAX`], because a guest waits for a minute at most (decision).
const OPEN_FIRST: Duration = Duration::from_secs(1);
pub(super) const OPEN_MAX: Duration = Duration::from_secs(5);
/// A probe without a result for this long is replaced by the next call.
pub(super) const PROBE_LIMIT: Duration = Duration::from_secs(5);
/// A call that is refused while a probe is under way may come again after this time at most.
const PROBE_RETRY: Duration = Duration::from_millis(500);
/// A probe that another one is due before waits for that for this time at most.
pub(super) const TURN: Duration = Duration::from_secs(1);

/// The state of a circuit breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// Calls are sent.
    Closed,
    /// No calls are sent.
    Open {
        /// Failures without a success.
        failures: u32,
        /// The time left; zero: the next call is sent, as a probe.
        left: Duration,
    },
    /// One call is under way as a probe; no others are sent.
    Probing {
        /// Failures without a success.
        failures: u32,
    },
}

/// A call that was permitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PermittedCall {
    /// The number of the probe, where the call is one for a breaker on its path.
    pub(super) probe: Option<u64>,
}

/// Whether a breaker lets calls through.
#[derive(Debug, Default)]
pub(super) struct Machine(Phase);

#[derive(Debug, Default, Clone, Copy)]
enum Phase {
    #[default]
    Closed,
    Open {
        until: Instant,
        failed_probes: u32,
    },
    Probing {
        until: Instant,
        failed_probes: u32,
        probe: u64,
    },
}

impl Machine {
    pub(super) const fn is_closed(&self) -> bool {
        matches!(self.0, Phase::Closed)
    }

    /// The time until the next call may be sent. `jitter` is uniform over 0..1; `others_first`: whether others
    /// are due to probe before this call.
    pub(super) fn wait(
        &self,
        others_first: impl FnOnce() -> bool,
        now: Instant,
        jitter: f64,
    ) -> Option<Duration> {
        let soon = || shortened(PROBE_RETRY, 0.5, jitter);
        match self.0 {
            Phase::Closed => None,
            Phase::Open { until, .. } if now < until => Some(until - now),
            Phase::Probing { until, .. } if now < until => Some((until - now).min(soon())),
            Phase::Open { until, .. } | Phase::Probing { until, .. } => {
                (now < until + TURN && others_first()).then(soon)
            }
        }
    }

    /// Makes a permitted call the probe, where the breaker is not closed, and returns whether it is.
    pub(super) fn begin_probe(&mut self, probe: u64, now: Instant) -> bool {
        match self.0 {
            Phase::Closed => false,
            Phase::Open { failed_probes, .. } | Phase::Probing { failed_probes, .. } => {
                self.0 = Phase::Probing { until: now + PROBE_LIMIT, failed_probes, probe };
                true
            }
        }
    }

    /// How many probes failed before this one; `None`: the call is not the probe under way.
    fn failed_probes_before(&self, call: PermittedCall) -> Option<u32> {
        match self.0 {
            Phase::Probing { failed_probes, probe, .. } if call.probe == Some(probe) => {
                Some(failed_probes)
            }
            Phase::Closed | Phase::Open { .. } | Phase::Probing { .. } => None,
        }
    }

    /// Records that a call failed, and returns whether the breaker opened, for the first time since it was
    /// closed. `opens`: whether a closed one is to open. A call from before it opened, or a probe that was
    /// replaced, changes nothing.
    pub(super) fn record_failure(
        &mut self,
        call: PermittedCall,
        opens: bool,
        now: Instant,
        jitter: f64,
    ) -> bool {
        if self.is_closed() && opens {
            self.open(0, now, jitter);
            return true;
        }
        if let Some(failed_probes) = self.failed_probes_before(call) {
            self.open(failed_probes.saturating_add(1), now, jitter);
        }
        false
    }

    /// Records that the call ended without a result. Where it was the probe, the next call is one.
    pub(super) fn abandon(&mut self, call: PermittedCall, now: Instant) {
        if let Some(failed_probes) = self.failed_probes_before(call) {
            self.0 = Phase::Open { until: now, failed_probes };
        }
    }

    /// Closes, and returns whether it was open.
    pub(super) fn close(&mut self) -> bool {
        !matches!(std::mem::take(&mut self.0), Phase::Closed)
    }

    /// Whether it is closed, or has not been used for this time since it could have been closed.
    pub(super) fn is_unused_for(&self, time: Duration, now: Instant) -> bool {
        match self.0 {
            Phase::Closed => true,
            Phase::Open { until, .. } | Phase::Probing { until, .. } => now >= until + time,
        }
    }

    pub(super) fn state(&self, failures: u32, now: Instant) -> BreakerState {
        match self.0 {
            Phase::Closed => BreakerState::Closed,
            Phase::Open { until, .. } => {
                BreakerState::Open { failures, left: until.saturating_duration_since(now) }
            }
            Phase::Probing { .. } => BreakerState::Probing { failures },
        }
    }

    fn open(&mut self, failed_probes: u32, now: Instant, jitter: f64) {
        let doubled = OPEN_FIRST.saturating_mul(2_u32.saturating_pow(failed_probes));
        let until = now + shortened(doubled.min(OPEN_MAX), 0.25, jitter);
        self.0 = Phase::Open { until, failed_probes };
    }
}

/// The time, shortened at random by up to `part` of it: replicas and waiting requests must not all
/// come back at the same moment.
fn shortened(time: Duration, part: f64, jitter: f64) -> Duration {
    time.mul_f64(1.0 - part * jitter.clamp(0.0, 1.0))
}
