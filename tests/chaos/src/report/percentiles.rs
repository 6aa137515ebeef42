//! Percentiles of durations.

use chrono::TimeDelta;
use serde::Serialize;

/// Percentiles in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Percentiles {
    pub count: usize,
    pub p50: i64,
    pub p95: i64,
    pub p99: i64,
    pub most: i64,
}

impl Percentiles {
    /// Of durations in any order; all zero if there are none.
    pub fn of(durations: impl IntoIterator<Item = TimeDelta>) -> Self {
        let mut all: Vec<_> = durations.into_iter().map(|one| one.num_milliseconds()).collect();
        all.sort_unstable();
        let Some(most) = all.last().copied() else { return Self::default() };
        // The smallest value that this percentage of the values does not exceed.
        let at = |percent: usize| all[(all.len() * percent).div_ceil(100).max(1) - 1];
        Self { count: all.len(), p50: at(50), p95: at(95), p99: at(99), most }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_measured_values() {
        let hundred = (1..=100).map(TimeDelta::milliseconds);
        let Percentiles { count, p50, p95, p99, most } = Percentiles::of(hundred);
        assert_eq!((count, p50, p95, p99, most), (100, 50, 95, 99, 100));
        let one = Percentiles::of([TimeDelta::milliseconds(7)]);
        assert_eq!((one.p50, one.p99), (7, 7));
        assert_eq!(Percentiles::of([]), Percentiles::default());
    }
}
