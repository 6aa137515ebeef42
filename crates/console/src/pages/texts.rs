//! Times and other values, as pages show them.

use chrono::{DateTime, SecondsFormat, Utc};
use maud::{Markup, html};

/// A time in UTC, which the script shows in the reader's zone.
pub(crate) fn time(at: DateTime<Utc>) -> Markup {
    let machine = at.to_rfc3339_opts(SecondsFormat::Secs, true);
    html! { time datetime=(machine) { (at.format("%Y-%m-%d %H:%M:%S")) " UTC" } }
}

/// A path of these parts, each of any characters.
pub(crate) fn path(parts: &[&str]) -> String {
    parts.iter().fold(String::new(), |path, part| format!("{path}/{}", escaped(part)))
}

/// The text as a part of a path or a query.
pub(crate) fn escaped(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    // These two would be the folder itself and the one above it.
    if text == "." || text == ".." {
        text.replace('.', "%2E")
    } else {
        text.bytes().map(byte).collect()
    }
}

/// A text in which what is between backticks is code.
pub(crate) fn with_code(text: &str) -> Markup {
    html! {
        @for (index, part) in text.split('`').enumerate() {
            @if index % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_any_characters_are_one_part_of_a_path() {
        assert_eq!(path(&["integrations", "a/b?c#d é"]), "/integrations/a%2Fb%3Fc%23d%20%C3%A9");
        assert_eq!(path(&[".."]), "/%2E%2E");
    }

    #[test]
    fn code_is_escaped_as_all_text_is() {
        let shown = with_code("run `<b>` & go").into_string();
        assert_eq!(shown, "run <code>&lt;b&gt;</code> &amp; go");
    }
}
