//! The circuit breaker of one host as a state machine. Pure: time and chance come from outside.

use std::time::Duration;

use tokio::time::Instant;

/// So many failures in a row, and the host is left alone (decision).
pub(super) const OPENS_AFTER: u32 = 5;
/// It is left alone for this long at first, twice as long after each probe that fails, and never
/// longer than [`OPEN_MOST`]: a guest waits for a minute at most (decision).
const OPEN_FIRST: Duration = Duration::from_secs(1);
pub(super) const OPEN_MOST: Duration = Duration::from_secs(5);
/// A probe without a verdict for this long makes way for the next one.
pub(super) const PROBE_LIMIT: Duration = Duration::from_secs(5);
/// Whoever comes while a probe is under way comes again after this at most.
const PROBE_REST: Duration = Duration::from_millis(500);

/// What a call's end says about the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// It works: it answered as itself, whatever it said.
    Works,
    /// It does not work.
    Down,
    /// It does not work, or one IQ behind it does not.
    PerhapsOneIq,
    /// Nothing.
    Untold,
}

/// Leave to make one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pass {
    probe: Option<u64>,
}

/// No leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) retry_after: Duration,
    pub(super) failures: u32,
}

/// A change worth a line in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    /// The host is left alone, for the first time since it worked.
    Opened { failures: u32 },
    /// It is called again.
    Closed,
}

/// What the calls to one host have come to, in short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// Calls are made.
    Closed,
    /// No calls are made.
    Open {
        /// Failures without a success.
        failures: u32,
        /// The time left; zero: the next call is made, as a probe.
        left: Duration,
    },
    /// One call is under way as a probe; no others are made.
    Probing {
        /// Failures without a success.
        failures: u32,
    },
}

/// The breaker.
#[derive(Debug, Default)]
pub(super) struct Machine {
    run: Run,
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

/// Failures without a success between them.
#[derive(Debug, Default)]
struct Run {
    sure: u32,
    /// Those that may be one IQ's, and whose.
    perhaps: u32,
    iq: Option<String>,
    several_iqs: bool,
}

impl Run {
    fn add(&mut self, iq: Option<&str>) {
        let Some(iq) = iq else {
            self.sure = self.sure.saturating_add(1);
            return;
        };
        self.perhaps = self.perhaps.saturating_add(1);
        self.several_iqs |= self.iq.as_deref().is_some_and(|first| first != iq);
        self.iq.get_or_insert_with(|| iq.to_owned());
    }

    /// A healthy IQ must not wait because another one hangs: what may be one IQ's fault is held
    /// against the host only when it happened to two.
    fn failures(&self) -> u32 {
        self.sure.saturating_add(if self.several_iqs { self.perhaps } else { 0 })
    }
}

impl Machine {
    /// Leave for a call, or how long to wait. `chance` is evenly spread over 0..1.
    pub(super) fn ask(&mut self, now: Instant, chance: f64) -> Result<Pass, Refused> {
        let failures = self.run.failures();
        let refused = |retry_after| Err(Refused { retry_after, failures });
        match self.phase {
            Phase::Closed => Ok(Pass { probe: None }),
            Phase::Open { until, .. } if now < until => refused(until - now),
            Phase::Probing { until, .. } if now < until => {
                refused((until - now).min(shortened(PROBE_REST, 0.5, chance)))
            }
            Phase::Open { failed_probes, .. } | Phase::Probing { failed_probes, .. } => {
                self.probes += 1;
                let (until, probe) = (now + PROBE_LIMIT, self.probes);
                self.phase = Phase::Probing { until, failed_probes, probe };
                Ok(Pass { probe: Some(probe) })
            }
        }
    }

    /// What became of the call. `iq`: whose command it was.
    pub(super) fn tell(
        &mut self,
        pass: Pass,
        health: Health,
        iq: Option<&str>,
        now: Instant,
        chance: f64,
    ) -> Option<News> {
        match health {
            Health::Works => {
                self.run = Run::default();
                self.close()
            }
            Health::Down => {
                self.run.add(None);
                self.failed(pass, true, now, chance)
            }
            Health::PerhapsOneIq => {
                self.run.add(iq);
                let hosts_fault = iq.is_none() || self.run.several_iqs;
                self.failed(pass, hosts_fault, now, chance)
            }
            Health::Untold => {
                self.give_up(pass, now);
                None
            }
        }
    }

    /// The call ended without a verdict. Was it the probe, then the next call is one.
    pub(super) fn give_up(&mut self, pass: Pass, now: Instant) {
        if let Some(failed_probes) = self.failed_before(pass) {
            self.phase = Phase::Open { until: now, failed_probes };
        }
    }

    fn failed(&mut self, pass: Pass, hosts_fault: bool, now: Instant, chance: f64) -> Option<News> {
        let failures = self.run.failures();
        match (self.phase, self.failed_before(pass)) {
            (Phase::Closed, _) if failures >= OPENS_AFTER => {
                self.open(0, now, chance);
                Some(News::Opened { failures })
            }
            (Phase::Probing { .. }, Some(failed_probes)) if hosts_fault => {
                self.open(failed_probes.saturating_add(1), now, chance);
                None
            }
            // The host took the command; the rest may be its IQ's fault. The next calls tell.
            (Phase::Probing { .. }, Some(_)) => {
                self.run.sure = 0;
                self.close()
            }
            // A call from before the host was left alone, or a probe whose time is over.
            (Phase::Closed | Phase::Open { .. } | Phase::Probing { .. }, _) => None,
        }
    }

    /// How many probes failed before this one; `None`: it is not the probe under way.
    fn failed_before(&self, pass: Pass) -> Option<u32> {
        match self.phase {
            Phase::Probing { failed_probes, probe, .. } if pass.probe == Some(probe) => {
                Some(failed_probes)
            }
            Phase::Closed | Phase::Open { .. } | Phase::Probing { .. } => None,
        }
    }

    fn open(&mut self, failed_probes: u32, now: Instant, chance: f64) {
        let doubled = OPEN_FIRST.saturating_mul(2_u32.saturating_pow(failed_probes));
        let until = now + shortened(doubled.min(OPEN_MOST), 0.25, chance);
        self.phase = Phase::Open { until, failed_probes };
    }

    fn close(&mut self) -> Option<News> {
        let before = std::mem::take(&mut self.phase);
        (!matches!(before, Phase::Closed)).then_some(News::Closed)
    }

    pub(super) fn state(&self, now: Instant) -> BreakerState {
        let failures = self.run.failures();
        match self.phase {
            Phase::Closed => BreakerState::Closed,
            Phase::Open { until, .. } => {
                BreakerState::Open { failures, left: until.saturating_duration_since(now) }
            }
            Phase::Probing { .. } => BreakerState::Probing { failures },
        }
    }
}

/// Up to that part shorter, by chance: replicas and waiting requests must not come back as one.
fn shortened(time: Duration, part: f64, chance: f64) -> Duration {
    time.mul_f64(1.0 - part * chance.clamp(0.0, 1.0))
}
