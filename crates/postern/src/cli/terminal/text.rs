//! Values as text.

use std::borrow::Borrow;

use chrono::{DateTime, Local, Utc};
use consumer::{Mode, Rehearsal};

/// A time in the time zone of this machine; empty where there is none.
pub(crate) fn local_time(time: Option<DateTime<Utc>>) -> String {
    let format = |time: DateTime<Utc>| time.with_timezone(&Local).format("%Y-%m-%d %H:%M:%S");
    time.map(|time| format(time).to_string()).unwrap_or_default()
}

/// Text of a message on one line: characters that could control the terminal, or change how other text looks,
/// are escaped.
pub(crate) fn printable(text: &str) -> String {
    escaped(text, |it| it.is_control() || is_invisible(it))
}

/// The same for text of several lines.
pub(crate) fn printable_lines(text: &str) -> String {
    escaped(text, |it| it != '\n' && (it.is_control() || is_invisible(it)))
}

fn escaped(text: &str, is_escaped: impl Fn(char) -> bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if is_escaped(character) {
            escaped.extend(character.escape_default());
        } else {
            escaped.push(character);
        }
    }
    escaped
}

/// Whether the character reverses the direction of text, or has no width.
const fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{200b}'..='\u{200f}'
            | '\u{61c}'
            | '\u{2060}'
            | '\u{feff}'
    )
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_controls_the_terminal_or_is_not_seen_is_escaped() {
        assert_eq!(printable("Room é\u{1b}[2J\r\n\t\u{9b}"), "Room é\\u{1b}[2J\\r\\n\\t\\u{9b}");
        let invisible = "\u{202a}\u{202e}\u{2066}\u{2069}\u{200b}\u{200d}\u{200e}\u{200f}\u{61c}\u{2060}\u{feff}";
        for character in invisible.chars() {
            assert_eq!(
                printable(&character.to_string()),
                format!("\\u{{{:x}}}", u32::from(character))
            );
        }
        assert_eq!(printable_lines("a\nb\u{1b}\u{202e}"), "a\nb\\u{1b}\\u{202e}");
    }
}
