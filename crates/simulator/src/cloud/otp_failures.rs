//! Consecutive rejected OTPs of a user at an IQ, and the block that follows (`docs/salto-ks.md`, The OTP).

use chrono::{DateTime, TimeDelta, Utc};

#[derive(Default)]
pub(crate) struct OtpFailures {
    consecutive: u32,
    blocked_until: Option<DateTime<Utc>>,
}

impl OtpFailures {
    /// Whether the user is blocked. A block that has ended also resets the count.
    pub(crate) fn is_blocked(&mut self, now: DateTime<Utc>) -> bool {
        match self.blocked_until {
            Some(until) if now < until => true,
            Some(_) => {
                self.reset();
                false
            }
            None => false,
        }
    }

    /// Counts a rejected OTP. From the `limit`th consecutive one the user is blocked.
    pub(crate) fn record(&mut self, now: DateTime<Utc>, limit: u32, block_seconds: u32) {
        self.consecutive += 1;
        if self.consecutive >= limit {
            self.blocked_until = Some(now + TimeDelta::seconds(i64::from(block_seconds)));
        }
    }

    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consecutive_rejections_block_for_a_time_and_an_accepted_otp_resets_the_count() {
        let now = Utc::now();
        let mut failures = OtpFailures::default();
        for _ in 0..2 {
            failures.record(now, 3, 1200);
            assert!(!failures.is_blocked(now));
        }
        failures.reset();
        for _ in 0..2 {
            failures.record(now, 3, 1200);
            assert!(!failures.is_blocked(now));
        }
        failures.record(now, 3, 1200);
        assert!(failures.is_blocked(now));
        assert!(failures.is_blocked(now + TimeDelta::seconds(1199)));
        assert!(!failures.is_blocked(now + TimeDelta::seconds(1200)));
        failures.record(now, 3, 1200);
        assert!(!failures.is_blocked(now));
    }
}
