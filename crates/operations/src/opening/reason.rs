//! Why a door is opened, for the audit.

/// The longest reason, in characters.
const LONGEST: usize = 200;

/// A reason on one line, without spaces around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reason<'a>(&'a str);

impl<'a> Reason<'a> {
    /// What a reason must be.
    pub const RULE: &'static str = "must be 1 to 200 characters on one line";

    /// The reason; nothing where it breaks [`Self::RULE`].
    pub fn new(text: &'a str) -> Option<Self> {
        let text = text.trim();
        let length = text.chars().count();
        let is_one = (1..=LONGEST).contains(&length) && !text.chars().any(char::is_control);
        is_one.then_some(Self(text))
    }

    /// The text.
    pub const fn as_str(self) -> &'a str {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_some_text_on_one_line() {
        assert_eq!(Reason::new(" proof ").map(Reason::as_str), Some("proof"));
        assert!(Reason::new(&"é".repeat(LONGEST)).is_some());
        for wrong in ["", "  ", "two\nlines", "a\u{1b}[2J", &"a".repeat(LONGEST + 1)] {
            assert_eq!(Reason::new(wrong), None, "{wrong:?}");
        }
        assert!(Reason::RULE.contains(&LONGEST.to_string()));
    }
}
