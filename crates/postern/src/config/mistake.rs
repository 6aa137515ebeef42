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
        let mut mistakes = self.mistakes.into_inner();
        mistakes.sort();
        MistakeReport { file: file.to_owned(), mistakes }
    }
}

/// All mistakes in a configuration, one line each.
#[derive(Debug, Clone)]
pub(crate) struct MistakeReport {
    file: PathBuf,
    mistakes: Vec<Mistake>,
}

impl fmt::Display for MistakeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.display();
        match self.mistakes.len() {
            1 => write!(f, "the configuration has a mistake")?,
            count => write!(f, "the configuration has {count} mistakes")?,
        }
        for Mistake { origin, key, what, value } in &self.mistakes {
            match origin {
                Origin::File => write!(f, "\n  {file}: ")?,
                Origin::Line(line) => write!(f, "\n  {file}:{line}: ")?,
                Origin::Variable(name) => write!(f, "\n  {name}: ")?,
            }
            if !key.is_empty() {
                write!(f, "{key}: ")?;
            }
            write!(f, "{what}")?;
            if let Some(value) = value {
                write!(f, " (value: {value})")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for MistakeReport {}
