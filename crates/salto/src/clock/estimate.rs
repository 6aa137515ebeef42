//! The estimate of a clock offset: from which answers it is taken, and when it is in doubt.
//!
//! Answers lie at times: a proxy answers from its cache, or with a clock of its own. So an answer that is far
//! from the others changes nothing by itself. It puts the estimate in doubt, and the next answer decides.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};

use super::Reading;

/// The offset is the median of this many answers.
const SAMPLES: usize = 5;
/// An answer that differs by more is not one of them.
const FAR: TimeDelta = TimeDelta::seconds(30);
/// Two answers that differ by less agree: a `Date` has whole seconds, and its way takes a while.
const AGREE: TimeDelta = TimeDelta::seconds(10);
/// An answer that took longer says too little about the time.
const LONGEST_WAY: TimeDelta = TimeDelta::seconds(10);
/// A wall clock that has gone by so much more or less than the monotonic one was set, or the machine was
/// suspended.
const STEP: TimeDelta = TimeDelta::seconds(5);
/// A smaller difference is how time servers correct a clock.
const DRIFT: TimeDelta = TimeDelta::seconds(1);

/// The estimated offset of Salto's clock from the wall clock. The caller passes the time.
#[derive(Debug)]
pub(super) struct Estimate {
    samples: VecDeque<TimeDelta>,
    offset: TimeDelta,
    /// The last answer that was far from the others.
    far: Option<TimeDelta>,
    /// Whether the offset must be measured before it is used.
    in_doubt: bool,
    /// What the wall clock was set by since the offset was last certain.
    step: TimeDelta,
    /// Since then, both clocks of this machine are compared.
    compared_at: Reading,
}

impl Estimate {
    pub(super) fn new(now: Reading) -> Self {
        Self {
            samples: VecDeque::new(),
            offset: TimeDelta::zero(),
            far: None,
            in_doubt: false,
            step: TimeDelta::zero(),
            compared_at: now,
        }
    }

    pub(super) const fn offset(&self) -> TimeDelta {
        self.offset
    }

    /// Nothing where no answer was seen yet.
    pub(super) fn measured(&self) -> Option<TimeDelta> {
        (!self.samples.is_empty()).then_some(self.offset)
    }

    pub(super) const fn is_certain(&self) -> bool {
        !self.in_doubt
    }

    /// Puts the offset in doubt.
    pub(super) const fn doubt(&mut self) {
        self.in_doubt = true;
    }

    /// Ends the doubt without a measurement.
    pub(super) fn keep(&mut self) {
        self.settle();
    }

    /// Replaces the offset.
    pub(super) fn set(&mut self, offset: TimeDelta) {
        self.samples = VecDeque::from([offset]);
        self.offset = offset;
        self.settle();
    }

    /// Compares both clocks. Answers the step of the wall clock since the last comparison, if there was one: then
    /// the offset is in doubt. Whether the clock is right before or after the step cannot be seen.
    pub(super) fn check_step(&mut self, now: Reading) -> Option<TimeDelta> {
        let before = self.compared_at;
        let passed = TimeDelta::from_std(now.monotonic.saturating_duration_since(before.monotonic));
        let step = (now.wall - before.wall) - passed.ok()?;
        if step.abs() < STEP {
            if step.abs() < DRIFT {
                self.compared_at = now;
            }
            return None;
        }
        self.compared_at = now;
        self.step += step;
        self.in_doubt = true;
        Some(step)
    }

    /// Takes the date of an answer; [`Self::check_step`] was called for its receipt.
    pub(super) fn observe(&mut self, date_header: &str, sent: Reading, received: Reading) {
        let way = received.monotonic.saturating_duration_since(sent.monotonic);
        let Ok(way) = TimeDelta::from_std(way) else { return };
        // Where the clock was set on the way, the times of sending and receipt are those of two clocks.
        if way > LONGEST_WAY || (received.wall - sent.wall - way).abs() >= DRIFT {
            return;
        }
        let Some(sample) = sample(date_header, sent.wall, way) else { return };
        let agrees = |other: TimeDelta| (sample - other).abs() <= AGREE;
        if self.samples.is_empty() || self.far.is_some_and(agrees) {
            self.set(sample);
        } else if (sample - self.offset).abs() <= FAR && (self.is_certain() || agrees(self.offset))
        {
            self.push(sample);
            self.settle();
        } else if self.in_doubt && agrees(self.offset - self.step) {
            self.set(sample);
        } else {
            self.far = Some(sample);
            self.in_doubt = true;
        }
    }

    fn push(&mut self, sample: TimeDelta) {
        if self.samples.len() == SAMPLES {
            self.samples.pop_front();
        }
        self.samples.push_back(sample);
        self.offset = median(&self.samples, self.offset);
    }

    fn settle(&mut self) {
        self.far = None;
        self.in_doubt = false;
        self.step = TimeDelta::zero();
    }
}

/// The offset by the `Date` of an answer, to half a second: the request was sent at `sent`, and the answer came
/// this time later. `None` where the text is no date.
pub(crate) fn sample(date_header: &str, sent: DateTime<Utc>, way: TimeDelta) -> Option<TimeDelta> {
    let date = DateTime::parse_from_rfc2822(date_header).ok()?.with_timezone(&Utc);
    // The header has whole seconds: on average the time was half a second later.
    Some(date + TimeDelta::milliseconds(500) - (sent + way / 2))
}

/// The median; of two values in the middle the one nearer to the current offset.
fn median(samples: &VecDeque<TimeDelta>, current: TimeDelta) -> TimeDelta {
    let mut sorted: Vec<_> = samples.iter().copied().collect();
    sorted.sort_unstable();
    let (Some(&low), Some(&high)) =
        (sorted.get(sorted.len().saturating_sub(1) / 2), sorted.get(sorted.len() / 2))
    else {
        return current;
    };
    if (high - current).abs() < (low - current).abs() { high } else { low }
}
