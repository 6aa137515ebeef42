//! The simulator's clock: the machine's clock plus a settable offset.

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};

/// Ten years: more than every lifetime in use, and far from the limits of [`DateTime`].
pub(crate) const MAX_OFFSET_SECONDS: i64 = 10 * 366 * 24 * 3600;

/// The time of `Date` headers, OTP checks, token lifetimes and blocks. Records of received calls
/// carry the machine's time instead, so that a test can compare them with its own clock.
#[derive(Default)]
pub(crate) struct Clock {
    offset_seconds: AtomicI64,
}

impl Clock {
    pub(crate) fn now(&self) -> DateTime<Utc> {
        Utc::now() + TimeDelta::seconds(self.offset_seconds())
    }

    pub(crate) fn offset_seconds(&self) -> i64 {
        self.offset_seconds.load(Ordering::Relaxed)
    }

    /// Sets the offset; one beyond [`MAX_OFFSET_SECONDS`] is reduced to it.
    pub(crate) fn set_offset_seconds(&self, offset: i64) {
        let offset = offset.clamp(-MAX_OFFSET_SECONDS, MAX_OFFSET_SECONDS);
        self.offset_seconds.store(offset, Ordering::Relaxed);
    }
}

/// The format of the `Date` header (IMF-fixdate).
pub(crate) fn http_date(time: DateTime<Utc>) -> String {
    time.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_header_has_the_format_of_http() {
        let time: DateTime<Utc> = "1994-11-06T08:49:37Z".parse().unwrap();
        assert_eq!(http_date(time), "Sun, 06 Nov 1994 08:49:37 GMT");
    }

    #[test]
    fn the_offset_shifts_the_clock_and_is_bounded() {
        let clock = Clock::default();
        clock.set_offset_seconds(-600);
        assert!((clock.now() - Utc::now() + TimeDelta::seconds(600)).num_seconds().abs() <= 1);
        clock.set_offset_seconds(i64::MAX);
        assert_eq!(clock.offset_seconds(), MAX_OFFSET_SECONDS);
    }
}
