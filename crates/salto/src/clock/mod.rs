//! The offset of Salto's clock from this machine's, measured from `Date` headers. Only one-time
//! passwords use it; windows and expiry never do (`docs/salto-ks.md`, The OTP).

pub(crate) mod estimate;
pub(crate) mod store;
#[cfg(test)]
mod tests;

use std::ops::RangeInclusive;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};

use self::estimate::Estimate;

/// An offset of a third of the time that a one-time password is valid, 3 minutes either way
/// (`docs/salto-ks.md`, The OTP), is logged as a warning.
const WARN_FROM: TimeDelta = TimeDelta::seconds(60);
/// A one-time password that was made for a time so far from Salto's was rejected for that: 3 minutes, less
/// what a `Date` in whole seconds, its way and the clock of an IQ may add (decision).
const MISTIMED_FROM: TimeDelta = TimeDelta::seconds(150);

/// One moment by both clocks of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reading {
    /// The wall clock, which may be set, and which goes on while the machine is suspended.
    wall: DateTime<Utc>,
    monotonic: Instant,
}

/// The time that a one-time password was made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OtpTime {
    pub(crate) at: DateTime<Utc>,
    pub(crate) made: Instant,
}

/// The clock of one environment, shared by all its integrations.
#[derive(Debug)]
pub struct SaltoClock {
    environment: String,
    wall: fn() -> DateTime<Utc>,
    state: Mutex<State>,
}

/// A row that seems to be older than an instant by up to this may be from just after it: it has whole seconds, and
/// the difference of the clocks is known by `Date` headers, in whole seconds too (decision).
pub const ROW_TOLERANCE: TimeDelta = TimeDelta::milliseconds(1000 + 600);
/// A smaller change of the offset is one of its measurement.
const JUMP: TimeDelta = TimeDelta::seconds(2);

#[derive(Debug)]
struct State {
    estimate: Estimate,
    /// Before this time, Salto's clock may have written each time twice.
    rows_from: Option<DateTime<Utc>>,
    /// The number of corrections by all replicas that this clock has taken into account.
    corrections: u64,
    warned_at: Option<TimeDelta>,
}

impl SaltoClock {
    /// A clock without an offset, for the environment of that name.
    #[must_use]
    pub fn new(environment: &str) -> Self {
        Self::with_wall_clock(environment, Utc::now)
    }

    /// The same with another wall clock than the machine's, for tests of a clock that is set.
    #[must_use]
    pub fn with_wall_clock(environment: &str, wall: fn() -> DateTime<Utc>) -> Self {
        let estimate = Estimate::new(Reading { wall: wall(), monotonic: Instant::now() });
        let state = State { estimate, rows_from: None, corrections: 0, warned_at: None };
        Self { environment: environment.to_owned(), wall, state: Mutex::new(state) }
    }

    /// The environment's name.
    #[must_use]
    pub fn environment(&self) -> &str {
        &self.environment
    }

    /// Salto's clock minus this machine's.
    #[must_use]
    pub fn offset(&self) -> TimeDelta {
        self.state().estimate.offset()
    }

    /// The times, by this machine's clock, that rows of Salto's records may have which are from these times. Rows that
    /// seem to be newer than an instant may be older where Salto's clock went back and wrote the same times again: such
    /// a time does not count until it is past, and one of the future never does.
    #[must_use]
    pub fn rows_of(&self, times: &RangeInclusive<DateTime<Utc>>) -> RangeInclusive<DateTime<Utc>> {
        let (from, to) = (*times.start(), (*times.end()).min((self.wall)()));
        let from = self.state().rows_from.map_or(from, |certain| from.max(certain));
        let from = from.checked_sub_signed(ROW_TOLERANCE).unwrap_or(from);
        from..=to.checked_add_signed(ROW_TOLERANCE).unwrap_or(to)
    }

    /// The current time by Salto's clock.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        let now = (self.wall)();
        now.checked_add_signed(self.offset()).unwrap_or(now)
    }

    /// The time for a one-time password that is made now. `None` where this machine's clock was set, or
    /// another sign says that the offset may be wrong: it must be measured first, because a password for a
    /// wrong time is rejected, and rejections block the user (`docs/salto-ks.md`, The OTP).
    pub(crate) fn otp_time(&self) -> Option<OtpTime> {
        let reading = self.reading();
        let mut state = self.state();
        self.check_step(&mut state, reading);
        let at = reading.wall.checked_add_signed(state.estimate.offset())?;
        state.estimate.is_certain().then_some(OtpTime { at, made: reading.monotonic })
    }

    /// The same, whatever is known of the offset.
    pub(crate) fn otp_time_now(&self) -> OtpTime {
        OtpTime { at: self.now(), made: Instant::now() }
    }

    /// Whether the offset holds, as far as is known.
    pub(crate) fn is_certain(&self) -> bool {
        self.otp_time().is_some()
    }

    /// By how much the time of a one-time password was wrong, as the offset is known now; `None` where that
    /// does not explain its rejection.
    pub(crate) fn error_of(&self, otp: OtpTime) -> Option<TimeDelta> {
        let made_ago = TimeDelta::from_std(otp.made.elapsed()).ok()?;
        let error = otp.at.checked_add_signed(made_ago)? - self.now();
        (error.abs() >= MISTIMED_FROM).then_some(error)
    }

    /// Keeps the offset although it could not be measured again: Salto's answers have no usable `Date`.
    pub(crate) fn keep(&self) {
        self.state().estimate.keep();
    }

    /// Notices a step of this machine's clock now, and not only before the next command.
    pub fn check(&self) {
        let reading = self.reading();
        self.check_step(&mut self.state(), reading);
    }

    /// Takes note of the number of corrections by all replicas: where there are others than those known,
    /// this clock may be wrong too. Each replica has a clock of its own, so that only a measurement tells.
    pub(crate) fn heed(&self, corrections: u64) {
        let mut state = self.state();
        if state.corrections != corrections {
            state.corrections = corrections;
            state.estimate.doubt();
        }
    }

    /// The same for a clock whose offset was measured or loaded with this number of corrections.
    pub(crate) fn set_corrections(&self, corrections: u64) {
        self.state().corrections = corrections;
    }

    /// Starts from an offset that was measured earlier. It counts as one answer.
    pub fn set(&self, offset: TimeDelta) {
        let mut state = self.state();
        let before = state.estimate.measured();
        state.estimate.set(offset);
        state.note_change_since(before, (self.wall)());
        self.warn(&mut state);
    }

    /// Takes the `Date` header of an answer to a request that was sent at `sent`. A text that is no date is
    /// ignored.
    pub(crate) fn observe(&self, date_header: &str, sent: Reading) {
        self.observe_between(date_header, sent, self.reading());
    }

    fn observe_between(&self, date_header: &str, sent: Reading, received: Reading) {
        let mut state = self.state();
        self.check_step(&mut state, received);
        let (before, measured) = (state.estimate.offset(), state.estimate.measured());
        state.estimate.observe(date_header, sent, received);
        state.note_change_since(measured, received.wall);
        let after = state.estimate.offset();
        if (after - before).abs() >= WARN_FROM {
            tracing::info!(
                environment = self.environment,
                before_s = before.num_seconds(),
                after_s = after.num_seconds(),
                "clock offset corrected by Salto's answers"
            );
        }
        self.warn(&mut state);
    }

    /// The moment by this machine's clocks.
    pub(crate) fn reading(&self) -> Reading {
        Reading { wall: (self.wall)(), monotonic: Instant::now() }
    }

    fn check_step(&self, state: &mut State, reading: Reading) {
        if let Some(step) = state.estimate.check_step(reading) {
            tracing::info!(
                environment = self.environment,
                step_s = step.num_seconds(),
                "this machine's clock was set, or the machine was suspended: the clock offset is measured \
                 before the next command"
            );
        }
    }

    fn warn(&self, state: &mut State) {
        let (offset, environment) = (state.estimate.offset(), self.environment.as_str());
        let far = offset.abs() >= WARN_FROM;
        let changed = state.warned_at.is_none_or(|warned| (offset - warned).abs() >= WARN_FROM);
        if far && changed {
            state.warned_at = Some(offset);
            tracing::warn!(
                environment,
                offset_s = offset.num_seconds(),
                "this machine's clock and Salto's differ; one-time passwords are computed for Salto's time: \
                 correct this machine's clock"
            );
        } else if !far && state.warned_at.take().is_some() {
            tracing::info!(environment, "this machine's clock agrees with Salto's again");
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The offset was measured to be this before.
    fn note_change_since(&mut self, before: Option<TimeDelta>, now: DateTime<Utc>) {
        let back = before.map_or(TimeDelta::zero(), |before| before - self.estimate.offset());
        if back > JUMP {
            let from = now.checked_add_signed(back + JUMP * 2).unwrap_or(DateTime::<Utc>::MAX_UTC);
            self.rows_from = self.rows_from.max(Some(from));
        }
    }
}
