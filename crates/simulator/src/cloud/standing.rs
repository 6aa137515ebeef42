//! How a user stands with an IQ: rejected OTPs in a row, and the block that follows.

use chrono::{DateTime, TimeDelta, Utc};

#[derive(Default)]
pub(crate) struct Standing {
    rejected_in_a_row: u32,
    blocked_until: Option<DateTime<Utc>>,
}

impl Standing {
    pub(crate) fn is_blocked(&mut self, now: DateTime<Utc>) -> bool {
        match self.blocked_until {
            Some(until) if now < until => true,
            Some(_) => {
                self.forgive();
                false
            }
            None => false,
        }
    }

    /// Takes note of a rejected OTP; `allowed` of them in a row block.
    pub(crate) fn rejected(&mut self, now: DateTime<Utc>, allowed: u32, block_seconds: u32) {
        self.rejected_in_a_row += 1;
        if self.rejected_in_a_row >= allowed {
            self.blocked_until = Some(now + TimeDelta::seconds(i64::from(block_seconds)));
        }
    }

    pub(crate) fn forgive(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejections_in_a_row_block_for_a_time_and_an_accepted_otp_forgives() {
        let now = Utc::now();
        let mut standing = Standing::default();
        for _ in 0..2 {
            standing.rejected(now, 3, 1200);
            assert!(!standing.is_blocked(now));
        }
        standing.forgive();
        for _ in 0..2 {
            standing.rejected(now, 3, 1200);
            assert!(!standing.is_blocked(now));
        }
        standing.rejected(now, 3, 1200);
        assert!(standing.is_blocked(now));
        assert!(standing.is_blocked(now + TimeDelta::seconds(1199)));
        assert!(!standing.is_blocked(now + TimeDelta::seconds(1200)));
        standing.rejected(now, 3, 1200);
        assert!(!standing.is_blocked(now));
    }
}
