//! How a command ends when it does not end well.

use std::{fmt::Display, io::Write, process::ExitCode};

use crate::config::Report;

/// Why a command ended early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line asks for something that cannot be.
    Usage(String),
    /// The configuration has mistakes.
    Configuration(Report),
    /// Something else went wrong.
    Failed(anyhow::Error),
    /// What is wrong stands in the output.
    Told,
    /// Nobody reads standard output any more, as after `| head`. Nothing to tell anybody.
    OutputClosed,
}

impl Failure {
    /// A failure with nothing behind it.
    pub(crate) fn plain(text: impl Display) -> Self {
        Self::Failed(anyhow::Error::msg(text.to_string()))
    }

    /// Says on standard error what went wrong; the exit status for it.
    pub(super) fn tell(&self) -> ExitCode {
        let (text, status) = match self {
            Self::Usage(text) => (text.clone(), 2),
            Self::Configuration(report) => (report.to_string(), 2),
            Self::Failed(error) => (chain(error), 1),
            Self::Told => return ExitCode::FAILURE,
            Self::OutputClosed => return ExitCode::SUCCESS,
        };
        // Where standard error is closed too, the status says it alone.
        let _ = writeln!(std::io::stderr(), "error: {text}");
        ExitCode::from(status)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

/// An error and its causes in one line. Some errors already repeat their cause.
pub(super) fn chain(error: &anyhow::Error) -> String {
    let mut line = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !line.contains(&cause) {
            line = format!("{line}: {cause}");
        }
    }
    line.replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn a_chain_is_one_line_without_repetition() {
        let error = Err::<(), _>(anyhow::anyhow!("host is\naway"))
            .context("no connection: host is\naway")
            .context("cannot list locks")
            .unwrap_err();
        assert_eq!(chain(&error), "cannot list locks: no connection: host is away");
    }
}
