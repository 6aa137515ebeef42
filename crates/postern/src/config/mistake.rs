//! What is wrong with a configuration: where, which key, and what is allowed. Never a value, so
//! that no secret can slip in, not even one written under the wrong key.

use std::{cell::RefCell, fmt, path::Path, path::PathBuf};

/// Where a value comes from. The order is the report's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Origin {
    /// The file as a whole.
    File,
    /// A line of the file, counted from 1.
    Line(usize),
    /// An environment variable of this name.
    Variable(String),
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Mistake {
    origin: Origin,
    key: String,
    what: String,
}

/// Collects mistakes while the configuration is read.
#[derive(Default)]
pub(super) struct Mistakes(RefCell<Vec<Mistake>>);

impl Mistakes {
    /// Notes that the value of `key` (empty for the file as a whole) is wrong.
    pub(super) fn add(&self, origin: &Origin, key: impl Into<String>, what: impl Into<String>) {
        let mistake = Mistake { origin: origin.clone(), key: key.into(), what: what.into() };
        self.0.borrow_mut().push(mistake);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    /// The report, in the file's order.
    pub(super) fn report(self, file: &Path) -> Report {
        let mut mistakes = self.0.into_inner();
        mistakes.sort();
        Report { file: file.to_owned(), mistakes }
    }
}

/// Everything wrong with a configuration, one line each.
#[derive(Debug, Clone)]
pub(crate) struct Report {
    file: PathBuf,
    mistakes: Vec<Mistake>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.display();
        match self.mistakes.len() {
            1 => write!(f, "the configuration has a mistake")?,
            count => write!(f, "the configuration has {count} mistakes")?,
        }
        for Mistake { origin, key, what } in &self.mistakes {
            match origin {
                Origin::File => write!(f, "\n  {file}: ")?,
                Origin::Line(line) => write!(f, "\n  {file}:{line}: ")?,
                Origin::Variable(name) => write!(f, "\n  {name}: ")?,
            }
            if !key.is_empty() {
                write!(f, "{key}: ")?;
            }
            write!(f, "{what}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Report {}
