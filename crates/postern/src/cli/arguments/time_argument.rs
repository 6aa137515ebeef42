//! Times on the command line: RFC 3339, or relative to the current time.

use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};

/// An absolute time, or an offset from the current time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimeArgument {
    Absolute(DateTime<Utc>),
    FromNow(TimeDelta),
}

impl TimeArgument {
    /// The absolute time, where the current time is `now`.
    pub(crate) fn at(self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::Absolute(time) => time,
            Self::FromNow(offset) => now + offset,
        }
    }
}

impl FromStr for TimeArgument {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Enough for any booking, and adding it to the current time cannot overflow.
        const LARGEST_OFFSET: TimeDelta = TimeDelta::days(3660);
        let wrong = "give now, +15m, -1h30m, or a time such as 2026-08-25T07:25:00Z";
        let offset = |text: &str| {
            let duration = humantime::parse_duration(text).map_err(|_| wrong)?;
            TimeDelta::from_std(duration)
                .ok()
                .filter(|offset| *offset <= LARGEST_OFFSET)
                .ok_or("an offset must be at most ten years")
        };
        match (text, text.split_at_checked(1)) {
            ("now", _) => Ok(Self::FromNow(TimeDelta::zero())),
            (_, Some(("+", later))) => offset(later).map(Self::FromNow),
            (_, Some(("-", ago))) => offset(ago).map(|ago| Self::FromNow(-ago)),
            _ => match DateTime::parse_from_rfc3339(text) {
                Ok(time) => Ok(Self::Absolute(time.to_utc())),
                Err(_) => Err(wrong),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_absolute_and_relative_times() {
        let now: DateTime<Utc> = "2026-08-25T07:25:00Z".parse().unwrap();
        for (text, wanted) in [
            ("now", "2026-08-25T07:25:00Z"),
            ("+15m", "2026-08-25T07:40:00Z"),
            ("-1h30m", "2026-08-25T05:55:00Z"),
            ("2026-08-25T09:25:00+02:00", "2026-08-25T07:25:00Z"),
        ] {
            let argument: TimeArgument = text.parse().unwrap();
            assert_eq!(argument.at(now), wanted.parse::<DateTime<Utc>>().unwrap(), "{text}");
        }
        for text in ["", "+", "15m", "+soon", "2026-08-25", "+99999y", "ü"] {
            assert!(text.parse::<TimeArgument>().is_err(), "{text}");
        }
    }
}
