//! Values as text.

use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, Local, NaiveDate, Utc};

/// Whether times are shown in the time zone of this machine, in place of UTC.
static LOCAL: AtomicBool = AtomicBool::new(false);

/// From now on, times are shown in the time zone of this machine.
pub(crate) fn show_local_times() {
    LOCAL.store(true, Ordering::Relaxed);
}

/// A time with its zone, as `2026-08-25 07:25:00Z` or `2026-08-25 09:25:00+02:00`; empty where there is none.
pub(crate) fn time_text(time: Option<DateTime<Utc>>) -> String {
    time.map(|time| formatted(time, "%Y-%m-%d %H:%M:%S")).unwrap_or_default()
}

/// A time with its zone and, where it is not today, its date.
pub(crate) fn time_near_now(time: DateTime<Utc>) -> String {
    if date(time) == date(Utc::now()) { formatted(time, "%H:%M:%S") } else { time_text(Some(time)) }
}

/// Hours and minutes with the zone.
pub(crate) fn time_of_day(time: DateTime<Utc>) -> String {
    formatted(time, "%H:%M")
}

fn date(time: DateTime<Utc>) -> NaiveDate {
    match LOCAL.load(Ordering::Relaxed) {
        true => time.with_timezone(&Local).date_naive(),
        false => time.date_naive(),
    }
}

fn formatted(time: DateTime<Utc>, format: &str) -> String {
    match LOCAL.load(Ordering::Relaxed) {
        true => time.with_timezone(&Local).format(&format!("{format}%:z")).to_string(),
        false => time.format(&format!("{format}Z")).to_string(),
    }
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

/// `yes` or `no`; empty where it is not known.
pub(crate) fn yes_or_no(value: Option<bool>) -> String {
    match value {
        Some(true) => "yes".to_owned(),
        Some(false) => "no".to_owned(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_their_zone() {
        let time: DateTime<Utc> = "2026-08-25T07:25:00Z".parse().unwrap();
        assert_eq!(time_text(Some(time)), "2026-08-25 07:25:00Z");
        assert_eq!((time_text(None).as_str(), time_of_day(time).as_str()), ("", "07:25Z"));
        assert_eq!(time_near_now(time), "2026-08-25 07:25:00Z");
        assert_eq!(time_near_now(Utc::now()).len(), "07:25:00Z".len());
    }

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
