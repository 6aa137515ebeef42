//! Values as text.

use std::borrow::Borrow;

use chrono::{DateTime, Local, Utc};
use consumer::{Mode, Rehearsal};

/// A time in the time zone of this machine; empty where there is none.
pub(crate) fn local_time(time: Option<DateTime<Utc>>) -> String {
    let format = |time: DateTime<Utc>| time.with_timezone(&Local).format("%Y-%m-%d %H:%M:%S");
    time.map(|time| format(time).to_string()).unwrap_or_default()
}

/// Text of a message without control characters, which could control the terminal.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|it| if it.is_control() { '\u{fffd}' } else { it }).collect()
}

/// Names separated by commas, or `none`.
pub(crate) fn join_or_none<T: Borrow<str>>(names: &[T]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// `yes` or `no`; empty where it is not known.
pub(crate) fn yes_or_no(value: Option<bool>) -> String {
    match value {
        Some(true) => "yes".to_owned(),
        Some(false) => "no".to_owned(),
        None => String::new(),
    }
}

/// The number of names that [`first_few`] shows.
const SHOWN: usize = 5;

/// The first few names, and the number of the others.
pub(crate) fn first_few(names: &[&str]) -> String {
    let shown = names.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// What an integration in a rehearsal sends instead of open commands; nothing for a live one.
pub(crate) const fn rehearsal_text(mode: Mode) -> Option<&'static str> {
    match mode {
        Mode::Live => None,
        Mode::Rehearsal(Rehearsal::Probe) => {
            Some("rehearses: a probe of the one-time password replaces each open command")
        }
        Mode::Rehearsal(Rehearsal::Nothing) => Some("rehearses: no command is sent"),
    }
}
