//! The finding of a check, with the next step.

use serde::Serialize;

/// The level of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Level {
    /// In order.
    Ok,
    /// Information.
    Note,
    /// Works, but needs a correction; or could not be checked.
    Warning,
    /// Doors do not open, or messages are not processed, until an operator acts.
    Broken,
}

impl Level {
    const fn label(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Broken => "BROKEN",
        }
    }
}

/// A finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) check: &'static str,
    pub(super) subject: String,
    pub(super) level: Level,
    pub(super) detail: String,
    /// The next step; nothing where there is nothing to do.
    pub(super) next: Option<String>,
}

impl Finding {
    /// The finding as text: one line, and one with the next step.
    pub(super) fn text(&self) -> String {
        let Self { check, subject, level, detail, next } = self;
        let line = |text: &str| text.replace(char::is_control, " ");
        let finding =
            format!("{:<8} {check:<22} {}: {}", level.label(), line(subject), line(detail));
        match next {
            Some(next) => format!("{finding}\n         → {}", line(next)),
            None => finding,
        }
    }
}

/// A check of a subject; makes its findings.
#[derive(Debug, Clone, Copy)]
pub(super) struct Check<'a> {
    name: &'static str,
    subject: &'a str,
}

impl<'a> Check<'a> {
    pub(super) const fn new(name: &'static str, subject: &'a str) -> Self {
        Self { name, subject }
    }

    pub(super) fn ok(self, detail: impl Into<String>) -> Finding {
        self.finding(Level::Ok, detail.into(), None)
    }

    pub(super) fn note(self, detail: impl Into<String>) -> Finding {
        self.finding(Level::Note, detail.into(), None)
    }

    pub(super) fn warning(self, detail: impl Into<String>, next: impl Into<String>) -> Finding {
        self.finding(Level::Warning, detail.into(), Some(next.into()))
    }

    pub(super) fn broken(self, detail: impl Into<String>, next: impl Into<String>) -> Finding {
        self.finding(Level::Broken, detail.into(), Some(next.into()))
    }

    fn finding(self, level: Level, detail: String, next: Option<String>) -> Finding {
        Finding { check: self.name, subject: self.subject.to_owned(), level, detail, next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_one_line_and_its_next_step_another() {
        let check = Check::new("redis.latency", "Redis");
        assert_eq!(check.ok("1 ms").text(), "ok       redis.latency          Redis: 1 ms");
        let broken = check.broken("gone\u{1b}[2J", "bring it\nback");
        assert_eq!(
            broken.text(),
            "BROKEN   redis.latency          Redis: gone [2J\n         → bring it back"
        );
        assert_eq!(serde_json::to_value(&broken).unwrap()["level"], "broken");
        assert!(Level::Broken > Level::Warning && Level::Note > Level::Ok);
    }
}
