//! Times on the command line: RFC 3339, or counted from now.

use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};

/// A time, or how far it is from now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    At(DateTime<Utc>),
    FromNow(TimeDelta),
}

impl Moment {
    /// The time meant, where now is `now`.
    pub(super) fn at(self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::At(time) => time,
            Self::FromNow(distance) => now + distance,
        }
    }
}

impl FromStr for Moment {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Far enough for any booking, and no sum with it overflows.
        const FARTHEST: TimeDelta = TimeDelta::days(3660);
        let wrong = "give now, +15m, -1h30m, or a time such as 2026-08-25T07:25:00Z";
        let distance = |text: &str| {
            let distance = humantime::parse_duration(text).map_err(|_| wrong)?;
            TimeDelta::from_std(distance)
                .ok()
                .filter(|distance| *distance <= FARTHEST)
                .ok_or("at most ten years from now")
        };
        match (text, text.split_at_checked(1)) {
            ("now", _) => Ok(Self::FromNow(TimeDelta::zero())),
            (_, Some(("+", later))) => distance(later).map(Self::FromNow),
            (_, Some(("-", ago))) => distance(ago).map(|ago| Self::FromNow(-ago)),
            _ => match DateTime::parse_from_rfc3339(text) {
                Ok(time) => Ok(Self::At(time.to_utc())),
                Err(_) => Err(wrong),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_times_and_distances() {
        let now: DateTime<Utc> = "2026-08-25T07:25:00Z".parse().unwrap();
        for (text, wanted) in [
            ("now", "2026-08-25T07:25:00Z"),
            ("+15m", "2026-08-25T07:40:00Z"),
            ("-1h30m", "2026-08-25T05:55:00Z"),
            ("2026-08-25T09:25:00+02:00", "2026-08-25T07:25:00Z"),
        ] {
            let moment: Moment = text.parse().unwrap();
            assert_eq!(moment.at(now), wanted.parse::<DateTime<Utc>>().unwrap(), "{text}");
        }
        for text in ["", "+", "15m", "+soon", "2026-08-25", "+99999y", "ü"] {
            assert!(text.parse::<Moment>().is_err(), "{text}");
        }
    }
}
