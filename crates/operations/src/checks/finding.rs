//! The finding of a check, with the next step.

use serde::Serialize;
use utoipa::ToSchema;

/// The level of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// In order.
    Ok,
    /// Information.
    Note,
    /// Works, but needs a correction; or could not be checked.
    Warning,
    /// Doors do not open, or messages are not processed, until an operator acts.
    Broken,
}

/// A finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Finding {
    /// The check, such as `salto.site`.
    pub check: &'static str,
    /// What was checked.
    pub subject: String,
    /// The level.
    pub level: Level,
    /// What was found.
    pub detail: String,
    /// The next step; nothing where there is nothing to do.
    pub next: Option<String>,
}

/// A check of a subject; makes its findings.
#[derive(Debug, Clone, Copy)]
pub struct Check<'a> {
    name: &'static str,
    subject: &'a str,
}

impl<'a> Check<'a> {
    /// A check of a subject.
    pub const fn new(name: &'static str, subject: &'a str) -> Self {
        Self { name, subject }
    }

    /// It is in order.
    pub fn ok(self, detail: impl Into<String>) -> Finding {
        self.finding(Level::Ok, detail.into(), None)
    }

    /// Information.
    pub fn note(self, detail: impl Into<String>) -> Finding {
        self.finding(Level::Note, detail.into(), None)
    }

    /// It works, but needs a correction, or could not be checked.
    pub fn warning(self, detail: impl Into<String>, next: impl Into<String>) -> Finding {
        self.finding(Level::Warning, detail.into(), Some(next.into()))
    }

    /// It does not work until an operator acts.
    pub fn broken(self, detail: impl Into<String>, next: impl Into<String>) -> Finding {
        self.finding(Level::Broken, detail.into(), Some(next.into()))
    }

    fn finding(self, level: Level, detail: String, next: Option<String>) -> Finding {
        Finding { check: self.name, subject: self.subject.to_owned(), level, detail, next }
    }
}
