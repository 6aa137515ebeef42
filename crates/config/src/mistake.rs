//! The mistakes in a configuration: the place, the key, what is allowed, and the value where it cannot be a
//! secret.

use std::{cell::RefCell, fmt, path::Path, path::PathBuf};

/// The place that a value comes from. The order is the order of the report.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Origin {
    /// The file as a whole.
    File,
    /// A line of the file, counted from 1.
    Line(usize),
    /// The environment variable with this name.
    Variable(String),
}

/// A mistake.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Mistake {
    origin: Origin,
    key: String,
    what: String,
    /// The value as the report shows it; nothing where it may be a secret.
    value: Option<String>,
}

/// Where a secret was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SecretPlace {
    /// The configuration file itself.
    Configuration,
    /// A file that the configuration names.
    File(PathBuf),
}

/// Collects mistakes while the configuration is read, and the places of its secrets.
#[derive(Default)]
pub(super) struct Mistakes {
    mistakes: RefCell<Vec<Mistake>>,
    secret_places: RefCell<Vec<(String, SecretPlace)>>,
}

impl Mistakes {
    /// Adds a mistake: the value of `key` (empty for the file as a whole) is wrong. The value is not shown.
    pub(super) fn add(&self, origin: &Origin, key: impl Into<String>, what: impl Into<String>) {
        self.add_with_value(origin, key, what, None);
    }

    /// Adds a mistake with the value, of a key that holds no secret.
    pub(super) fn add_with_value(
        &self,
        origin: &Origin,
        key: impl Into<String>,
        what: impl Into<String>,
        value: Option<String>,
    ) {
        let mistake = Mistake { origin: origin.clone(), key: key.into(), what: what.into(), value };
        self.mistakes.borrow_mut().push(mistake);
    }

    /// Adds the place at which the secret of `key` was found.
    pub(super) fn add_secret_place(&self, key: String, place: SecretPlace) {
        self.secret_places.borrow_mut().push((key, place));
    }

    /// The keys of secrets with their places, in the order of reading.
    pub(super) fn take_secret_places(&self) -> Vec<(String, SecretPlace)> {
        self.secret_places.take()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.mistakes.borrow().is_empty()
    }

    /// The report, in the order of the file.
    pub(super) fn report(self, file: &Path) -> MistakeReport {
        self.report_of("the configuration", file)
    }

    /// The report about something else that people set, of which the messages say `subject`.
    pub(super) fn report_of(self, subject: &'static str, file: &Path) -> MistakeReport {
        let mut mistakes = self.mistakes.into_inner();
        mistakes.sort();
        MistakeReport { subject, file: file.to_owned(), mistakes }
    }
}

/// All mistakes in a configuration, one line each.
#[derive(Debug, Clone)]
pub struct MistakeReport {
    subject: &'static str,
    file: PathBuf,
    mistakes: Vec<Mistake>,
}

impl MistakeReport {
    /// Each mistake, for programs.
    pub fn by_path(&self) -> impl Iterator<Item = MistakeAt<'_>> {
        self.mistakes.iter().map(|Mistake { origin, key, what, value }| MistakeAt {
            path: key,
            line: match origin {
                Origin::Line(line) => Some(*line),
                Origin::File | Origin::Variable(_) => None,
            },
            what,
            value: value.as_deref(),
        })
    }

    /// Each mistake with its place.
    pub fn lines(&self) -> Vec<String> {
        self.mistakes.iter().map(|mistake| mistake.line(&self.file)).collect()
    }
}

/// A mistake by its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MistakeAt<'a> {
    /// The path of the key, such as `locks."room-12"`; empty for the text as a whole.
    pub path: &'a str,
    /// The line, counted from 1, where the text has lines.
    pub line: Option<usize>,
    /// What is allowed.
    pub what: &'a str,
    /// The value as it may be shown; nothing where it may be a secret.
    pub value: Option<&'a str>,
}

impl fmt::Display for MistakeAt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, what, value, .. } = self;
        if !path.is_empty() {
            write!(f, "{path}: ")?;
        }
        f.write_str(what)?;
        value.iter().try_for_each(|value| write!(f, " (value: {value})"))
    }
}

impl Mistake {
    fn line(&self, file: &Path) -> String {
        let Self { origin, key, what, value } = self;
        let place = match origin {
            Origin::File => file.display().to_string(),
            Origin::Line(line) => format!("{}:{line}", file.display()),
            Origin::Variable(name) => name.clone(),
        };
        let key = if key.is_empty() { String::new() } else { format!("{key}: ") };
        let value = value.as_ref().map(|value| format!(" (value: {value})")).unwrap_or_default();
        format!("{place}: {key}{what}{value}")
    }
}

impl fmt::Display for MistakeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.mistakes.len() {
            1 => write!(f, "{} has a mistake", self.subject)?,
            count => write!(f, "{} has {count} mistakes", self.subject)?,
        }
        self.lines().iter().try_for_each(|line| write!(f, "\n  {line}"))
    }
}

impl std::error::Error for MistakeReport {}
