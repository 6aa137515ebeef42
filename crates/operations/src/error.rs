//! Why an operation ended early.

use std::fmt;

/// Why an operation ended early.
#[derive(Debug)]
pub enum OperationError {
    /// What was asked for contradicts itself, or has a value that is not allowed.
    WrongInput(String),
    /// No integration of this id is configured.
    UnknownIntegration(String),
    /// What it is about does not exist.
    NotFound(String),
    /// It failed: a server does not answer, or refuses it.
    Failed(anyhow::Error),
}

impl fmt::Display for OperationError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongInput(text) | Self::UnknownIntegration(text) | Self::NotFound(text) => {
                formatter.write_str(text)
            }
            Self::Failed(error) => formatter.write_str(&one_line(error)),
        }
    }
}

impl std::error::Error for OperationError {}

impl From<anyhow::Error> for OperationError {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

/// An error and its causes in one line; a cause that an error already repeats is left out.
pub fn one_line(error: &anyhow::Error) -> String {
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
    fn an_error_and_its_causes_are_one_line_without_repetition() {
        let error = Err::<(), _>(anyhow::anyhow!("host is\naway"))
            .context("no connection: host is\naway")
            .context("cannot list locks")
            .unwrap_err();
        assert_eq!(one_line(&error), "cannot list locks: no connection: host is away");
    }
}
