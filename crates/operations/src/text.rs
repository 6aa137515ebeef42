//! Values as text.

use std::{borrow::Borrow, fmt::Display};

use consumer::{Mode, Rehearsal};

/// Names separated by commas, or `none`.
pub fn join_or_none<T: Borrow<str>>(names: &[T]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// A name with the id that it stands for; the id alone where there is no name.
pub fn named(name: Option<&str>, id: impl Display) -> String {
    match name {
        Some(name) => format!("{name} ({id})"),
        None => id.to_string(),
    }
}

/// The number of names that [`first_few`] shows.
const SHOWN: usize = 5;

/// The first few names, and the number of the others.
pub fn first_few(names: &[&str]) -> String {
    let shown = names.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// What an integration in a rehearsal sends instead of open commands; nothing for a live one.
pub const fn rehearsal_text(mode: Mode) -> Option<&'static str> {
    match mode {
        Mode::Live => None,
        Mode::Rehearsal(Rehearsal::Probe) => {
            Some("rehearses: a probe of the one-time password replaces each open command")
        }
        Mode::Rehearsal(Rehearsal::Nothing) => Some("rehearses: no command is sent"),
    }
}
