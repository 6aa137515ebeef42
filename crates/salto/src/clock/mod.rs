//! The offset of Salto's clock from this machine's, measured from `Date` headers. Only one-time
//! passwords use it; windows and expiry never do (`docs/salto-ks.md`, The OTP).

pub(crate) mod store;

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

/// The offset is the median of this many answers, so that a single wrong `Date` changes nothing.
const SAMPLES: usize = 5;
/// An offset of a third of the time that a one-time password is valid, 3 minutes either way
/// (`docs/salto-ks.md`, The OTP), is logged as a warning.
const WARN_FROM: TimeDelta = TimeDelta::seconds(60);

/// The clock of one environment, shared by all its integrations.
#[derive(Debug)]
pub struct SaltoClock {
    environment: String,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    samples: VecDeque<TimeDelta>,
    offset: TimeDelta,
    warned_at: Option<TimeDelta>,
}

impl SaltoClock {
    /// A clock without an offset, for the environment of that name.
    #[must_use]
    pub fn new(environment: &str) -> Self {
        Self { environment: environment.to_owned(), state: Mutex::default() }
    }

    /// The environment's name.
    #[must_use]
    pub fn environment(&self) -> &str {
        &self.environment
    }

    /// Salto's clock minus this machine's.
    #[must_use]
    pub fn offset(&self) -> TimeDelta {
        self.state().offset
    }

    /// The current time by Salto's clock.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        let now = Utc::now();
        now.checked_add_signed(self.offset()).unwrap_or(now)
    }

    /// Starts from an offset that was measured earlier. It counts as one answer.
    pub fn set(&self, offset: TimeDelta) {
        let mut state = self.state();
        state.samples = VecDeque::from([offset]);
        state.offset = offset;
        self.warn(&mut state);
    }

    /// Takes the `Date` header of an answer; `sent` and `received` are times of this machine's clock.
    /// A text that is no date is ignored, and so is an answer that was received before its request
    /// was sent, because this machine's clock jumped back.
    pub fn observe(&self, date_header: &str, sent: DateTime<Utc>, received: DateTime<Utc>) {
        let Some(sample) = sample(date_header, sent, received) else { return };
        let mut state = self.state();
        if state.samples.len() == SAMPLES {
            state.samples.pop_front();
        }
        state.samples.push_back(sample);
        state.offset = median(&state.samples, state.offset);
        self.warn(&mut state);
    }

    fn warn(&self, state: &mut State) {
        let (offset, environment) = (state.offset, self.environment.as_str());
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

/// The offset by one `Date` header, to half a second.
pub(crate) fn sample(
    date_header: &str,
    sent: DateTime<Utc>,
    received: DateTime<Utc>,
) -> Option<TimeDelta> {
    let date = DateTime::parse_from_rfc2822(date_header).ok()?;
    let travel = received - sent;
    if travel < TimeDelta::zero() {
        return None;
    }
    // The header has whole seconds: on average the time was half a second later.
    let date = date.with_timezone(&Utc) + TimeDelta::milliseconds(500);
    Some(date - (sent + travel / 2))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn observe(clock: &SaltoClock, offset_s: i64) {
        let now: DateTime<Utc> = "2026-08-25T07:25:00.500Z".parse().unwrap();
        let date = (now + TimeDelta::seconds(offset_s)).to_rfc2822().replace("+0000", "GMT");
        clock.observe(&date, now, now);
    }

    #[test]
    fn the_first_answer_counts_at_the_middle_of_its_round_trip() {
        let clock = SaltoClock::new("e");
        let sent: DateTime<Utc> = "2026-08-25T07:24:58Z".parse().unwrap();
        clock.observe("Tue, 25 Aug 2026 07:25:00 GMT", sent, sent + TimeDelta::seconds(1));
        assert_eq!(clock.offset(), TimeDelta::seconds(2));
    }

    #[test]
    fn one_wrong_date_changes_nothing_and_a_lasting_change_is_followed() {
        let clock = SaltoClock::new("e");
        observe(&clock, 2);
        observe(&clock, 86_400);
        assert_eq!(clock.offset(), TimeDelta::seconds(2));
        for _ in 0..4 {
            observe(&clock, 100);
        }
        assert_eq!(clock.offset(), TimeDelta::seconds(100));
        observe(&clock, -86_400);
        assert_eq!(clock.offset(), TimeDelta::seconds(100));
    }

    #[test]
    fn a_header_without_a_date_is_ignored() {
        let clock = SaltoClock::new("e");
        let now = Utc::now();
        clock.observe("yesterday", now, now);
        clock.observe("Tue, 25 Aug 2026 07:25:00 GMT", now, now - TimeDelta::seconds(1));
        assert_eq!(clock.offset(), TimeDelta::zero());
    }

    #[test]
    fn a_stored_offset_is_the_first_sample() {
        let clock = SaltoClock::new("e");
        clock.set(TimeDelta::seconds(-90));
        assert_eq!(clock.offset(), TimeDelta::seconds(-90));
        assert!((clock.now() - Utc::now() + TimeDelta::seconds(90)).abs() < TimeDelta::seconds(5));
        observe(&clock, 0);
        observe(&clock, 0);
        assert_eq!(clock.offset(), TimeDelta::zero());
    }
}
