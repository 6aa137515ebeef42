//! What a check found, and what to do about it.

use serde::Serialize;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Level {
    /// As it should be.
    Ok,
    /// Worth knowing.
    Note,
    /// Works, and should not stay so; or could not be looked at.
    Warning,
    /// Doors do not open, or messages are not worked on, until somebody acts.
    Broken,
}

impl Level {
    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Broken => "BROKEN",
        }
    }
}

/// A line of the doctor's report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) check: &'static str,
    pub(super) subject: String,
    pub(super) level: Level,
    pub(super) detail: String,
    /// What to do; nothing where all is well.
    pub(super) next: Option<String>,
}

impl Finding {
    /// In words: one line, and one with what to do.
    pub(super) fn words(&self) -> String {
        let Self { check, subject, level, detail, next } = self;
        let line = |text: &str| text.replace(char::is_control, " ");
        let what = format!("{:<8} {check:<22} {}: {}", level.word(), line(subject), line(detail));
        match next {
            Some(next) => format!("{what}\n         → {}", line(next)),
            None => what,
        }
    }
}

/// What a check is about: makes its findings.
#[derive(Debug, Clone, Copy)]
pub(super) struct About<'a>(pub(super) &'static str, pub(super) &'a str);

impl About<'_> {
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
        Finding { check: self.0, subject: self.1.to_owned(), level, detail, next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_a_line_and_its_advice_another() {
        let about = About("redis.latency", "Redis");
        assert_eq!(about.ok("1 ms").words(), "ok       redis.latency          Redis: 1 ms");
        let broken = about.broken("gone\u{1b}[2J", "bring it\nback");
        assert_eq!(
            broken.words(),
            "BROKEN   redis.latency          Redis: gone [2J\n         → bring it back"
        );
        assert_eq!(serde_json::to_value(&broken).unwrap()["level"], "broken");
        assert!(Level::Broken > Level::Warning && Level::Note > Level::Ok);
    }
}
