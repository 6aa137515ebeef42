//! The format of times in records.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serializer;

/// Serialises a time in UTC with microseconds.
pub(super) fn micros<S: Serializer>(
    time: &DateTime<Utc>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&time.to_rfc3339_opts(SecondsFormat::Micros, true))
}
