//! The circuit breaker of one host as a state machine. It is pure: the caller passes time and jitter.

use std::time::Duration;

use tokio::time::Instant;

/// The breaker opens after this many failures in a row (decision).
pub(super) const OPENS_AFTER: u32 = 5;
/// How long the breaker stays open at first; twice as long after each probe that fails, up to
/// [`OPEN_MAX`], because a guest waits for a minute at most (decision).
const OPEN_FIRST: Duration = Duration::from_secs(1);
pub(super) const OPEN_MAX: Duration = Duration::from_secs(5);
/// A probe without a result for this long is replaced by the next call.
pub(super) const PROBE_LIMIT: Duration = Duration::from_secs(5);
/// A call that is refused while a probe is under way may come again after this time at most.
const PROBE_RETRY: Duration = Duration::from_millis(500);

/// What the end of a call says about its host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostHealth {
    /// The host works: it gave an answer of its own, whatever the answer says.
    Up,
    /// The host does not work.
    Down,
    /// The host, or one IQ behind it, does not work.
    HostOrIqDown,
    /// The call says nothing about the host.
    Unknown,
}

/// A call that the breaker permitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PermittedCall {
    /// The number of the probe, where the call is one.
    probe: Option<u64>,
}

/// The breaker refused the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CallRefused {
    pub(super) retry_after: Duration,
    pub(super) failures: u32,
}

/// A change of state that is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transition {
    /// The breaker opened, for the first time since the host worked.
    Opened { failures: u32 },
    /// The breaker closed.
    Closed,
}

/// The state of a host's circuit breaker.
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

/// The circuit breaker of one host.
#[derive(Debug, Default)]
pub(super) struct Machine {
    failures: FailureCount,
    phase: Phase,
    probes: u64,
}

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

/// Failures since the last success.
#[derive(Debug, Default)]
struct FailureCount {
    of_host: u32,
    /// Failures that may be the fault of one IQ.
    of_host_or_iq: u32,
    /// The IQ of the first of those.
    first_iq: Option<String>,
    several_iqs: bool,
}

impl FailureCount {
    fn add_for_host(&mut self) {
        self.of_host = self.of_host.saturating_add(1);
    }

    fn add_for_host_or(&mut self, iq: &str) {
        self.of_host_or_iq = self.of_host_or_iq.saturating_add(1);
        self.several_iqs |= self.first_iq.as_deref().is_some_and(|first| first != iq);
        self.first_iq.get_or_insert_with(|| iq.to_owned());
    }

    /// Failures that count against the host. Those that may be the fault of one IQ count once they
    /// happened to two: a healthy IQ must not wait because another one hangs.
    fn count(&self) -> u32 {
        self.of_host.saturating_add(if self.several_iqs { self.of_host_or_iq } else { 0 })
    }
}

impl Machine {
    /// Permits a call, or says how long to wait. `jitter` is uniform over 0..1.
    pub(super) fn permit(
        &mut self,
        now: Instant,
        jitter: f64,
    ) -> Result<PermittedCall, CallRefused> {
        let failures = self.failures.count();
        let refused = |retry_after| Err(CallRefused { retry_after, failures });
        match self.phase {
            Phase::Closed => Ok(PermittedCall { probe: None }),
            Phase::Open { until, .. } if now < until => refused(until - now),
            Phase::Probing { until, .. } if now < until => {
                refused((until - now).min(shortened(PROBE_RETRY, 0.5, jitter)))
            }
            Phase::Open { failed_probes, .. } | Phase::Probing { failed_probes, .. } => {
                self.probes += 1;
                let (until, probe) = (now + PROBE_LIMIT, self.probes);
                self.phase = Phase::Probing { until, failed_probes, probe };
                Ok(PermittedCall { probe: Some(probe) })
            }
        }
    }

    /// Records how the call ended. `iq`: the IQ of the command, where the call was one.
    pub(super) fn record(
        &mut self,
        call: PermittedCall,
        health: HostHealth,
        iq: Option<&str>,
        now: Instant,
        jitter: f64,
    ) -> Option<Transition> {
        let hosts_fault = match (health, iq) {
            (HostHealth::Up, _) => {
                self.failures = FailureCount::default();
                return self.close();
            }
            (HostHealth::Unknown, _) => {
                self.abandon(call, now);
                return None;
            }
            (HostHealth::Down, _) | (HostHealth::HostOrIqDown, None) => {
                self.failures.add_for_host();
                true
            }
            (HostHealth::HostOrIqDown, Some(iq)) => {
                self.failures.add_for_host_or(iq);
                self.failures.several_iqs
            }
        };
        self.record_failure(call, hosts_fault, now, jitter)
    }

    /// Records that the call ended without a result. Where it was the probe, the next call is one.
    pub(super) fn abandon(&mut self, call: PermittedCall, now: Instant) {
        if let Some(failed_probes) = self.failed_probes_before(call) {
            self.phase = Phase::Open { until: now, failed_probes };
        }
    }

    fn record_failure(
        &mut self,
        call: PermittedCall,
        hosts_fault: bool,
        now: Instant,
        jitter: f64,
    ) -> Option<Transition> {
        let failures = self.failures.count();
        match (self.phase, self.failed_probes_before(call)) {
            (Phase::Closed, _) if failures >= OPENS_AFTER => {
                self.open(0, now, jitter);
                Some(Transition::Opened { failures })
            }
            (Phase::Probing { .. }, Some(failed_probes)) if hosts_fault => {
                self.open(failed_probes.saturating_add(1), now, jitter);
                None
            }
            // The host accepted the command, and its IQ may be at fault. Later calls show which.
            (Phase::Probing { .. }, Some(_)) => {
                self.failures.of_host = 0;
                self.close()
            }
            // A call from before the breaker opened, or a probe that was replaced.
            (Phase::Closed | Phase::Open { .. } | Phase::Probing { .. }, _) => None,
        }
    }

    /// How many probes failed before this one; `None`: the call is not the probe under way.
    fn failed_probes_before(&self, call: PermittedCall) -> Option<u32> {
        match self.phase {
            Phase::Probing { failed_probes, probe, .. } if call.probe == Some(probe) => {
                Some(failed_probes)
            }
            Phase::Closed | Phase::Open { .. } | Phase::Probing { .. } => None,
        }
    }

    fn open(&mut self, failed_probes: u32, now: Instant, jitter: f64) {
        let doubled = OPEN_FIRST.saturating_mul(2_u32.saturating_pow(failed_probes));
        let until = now + shortened(doubled.min(OPEN_MAX), 0.25, jitter);
        self.phase = Phase::Open { until, failed_probes };
    }

    fn close(&mut self) -> Option<Transition> {
        let before = std::mem::take(&mut self.phase);
        (!matches!(before, Phase::Closed)).then_some(Transition::Closed)
    }

    pub(super) fn state(&self, now: Instant) -> BreakerState {
        let failures = self.failures.count();
        match self.phase {
            Phase::Closed => BreakerState::Closed,
            Phase::Open { until, .. } => {
                BreakerState::Open { failures, left: until.saturating_duration_since(now) }
            }
            Phase::Probing { .. } => BreakerState::Probing { failures },
        }
    }
}

/// The time, shortened at random by up to `part` of it: replicas and waiting requests must not all
/// come back at the same moment.
fn shortened(time: Duration, part: f64, jitter: f64) -> Duration {
    time.mul_f64(1.0 - part * jitter.clamp(0.0, 1.0))
}
