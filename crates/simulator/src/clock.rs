//! The simulator's own clock: the machine's, shifted by a settable offset.

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};

/// Ten years: enough for every expiry, and far from the edges of [`DateTime`].
pub(crate) const MAX_OFFSET_SECONDS: i64 = 10 * 366 * 24 * 3600;

/// What `Date` headers, OTP checks, token lifetimes and blocks go by. Records of what was received
/// go by the machine's clock instead, so that a test can compare them with its own.
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

    /// Shifts the clock; an offset beyond [`MAX_OFFSET_SECONDS`] is cut to it.
    pub(crate) fn set_offset_seconds(&self, offset: i64) {
        let offset = offset.clamp(-MAX_OFFSET_SECONDS, MAX_OFFSET_SECONDS);
        self.offset_seconds.store(offset, Ordering::Relaxed);
    }
}

/// The form of HTTP's `Date` header (IMF-fixdate).
pub(crate) fn http_date(time: DateTime<Utc>) -> String {
    time.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_header_has_the_form_http_wants() {
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
