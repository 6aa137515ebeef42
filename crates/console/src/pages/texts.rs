//! Times and other values, as pages show them.

use chrono::{DateTime, SecondsFormat, Utc};
use maud::{Markup, html};

/// A time in UTC, which the script shows in the reader's zone.
pub(crate) fn time(at: DateTime<Utc>) -> Markup {
    let machine = at.to_rfc3339_opts(SecondsFormat::Secs, true);
    html! { time datetime=(machine) { (at.format("%Y-%m-%d %H:%M:%S")) " UTC" } }
}
