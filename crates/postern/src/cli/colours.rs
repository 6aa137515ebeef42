//! Colours of problems, on a terminal alone.

use std::{env, io::IsTerminal};

const RED: &str = "\u{1b}[31m";
const YELLOW: &str = "\u{1b}[33m";
const RESET: &str = "\u{1b}[0m";

/// The first words of lines about problems.
const FIRST_WORDS: [(&str, &str); 5] = [
    ("error:", RED),
    ("BROKEN", RED),
    ("INVALID", RED),
    ("lost for the receiver:", RED),
    ("warning", YELLOW),
];

/// The cells of tables that are problems.
const CELLS: [(&str, &str); 5] = [
    ("failed", RED),
    ("blocked", RED),
    ("reactivation required", RED),
    ("rejected", YELLOW),
    ("degraded", YELLOW),
];

/// Whether a stream shows colours: it is a terminal that can, and the variable `NO_COLOR`
/// (<https://no-color.org>) is not set.
pub(super) fn are_shown_on(stream: &impl IsTerminal) -> bool {
    let forbidden = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    obeys_escapes(stream) && !forbidden
}

/// Whether a stream is a terminal that obeys escape sequences.
pub(super) fn obeys_escapes(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && env::var_os("TERM").is_some_and(|terminal| terminal != "dumb")
}

/// The text, with the first word of each line about a problem in colour.
pub(super) fn highlight_lines(text: &str) -> String {
    let coloured = |line: &str| {
        let found = FIRST_WORDS.iter().find_map(|(word, colour)| {
            line.strip_prefix(word).map(|rest| format!("{colour}{word}{RESET}{rest}"))
        });
        found.unwrap_or_else(|| line.to_owned())
    };
    text.split('\n').map(coloured).collect::<Vec<_>>().join("\n")
}

/// A cell of a table, which may be padded, in colour where it is a problem.
pub(super) fn highlight_cell(cell: String) -> String {
    match CELLS.iter().find(|(word, _)| *word == cell.trim_end()) {
        Some((_, colour)) => format!("{colour}{cell}{RESET}"),
        None => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_alone_are_in_colour() {
        assert_eq!(
            highlight_lines("ok  fine\nBROKEN   gone\nwarning: slow"),
            "ok  fine\n\u{1b}[31mBROKEN\u{1b}[0m   gone\n\u{1b}[33mwarning\u{1b}[0m: slow"
        );
        assert_eq!(highlight_cell("failed  ".into()), "\u{1b}[31mfailed  \u{1b}[0m");
        assert_eq!(highlight_cell("opened".into()), "opened");
    }
}
