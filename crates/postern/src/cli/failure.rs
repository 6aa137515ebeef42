//! The failure of a command: its text or its JSON object on standard error, and its exit status.

use std::{
    ffi::OsString,
    fmt::Display,
    io::{self, Write},
    process::ExitCode,
};

use operations::{OperationError, one_line};
use serde::Serialize;

use super::{colours, interrupt::INTERRUPTED};
use config::MistakeReport;

/// How a failure is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FailureFormat {
    /// Text for people.
    Text,
    /// One JSON object on one line.
    Json,
}

impl FailureFormat {
    /// That of the results. It is read from the arguments as they are, because these may be what is wrong.
    pub(super) fn of(arguments: &[OsString]) -> Self {
        let follows = |pair: &[OsString]| pair[0] == "--output" && pair[1] == "json";
        let json = arguments.iter().any(|argument| argument == "--output=json")
            || arguments.windows(2).any(follows);
        if json { Self::Json } else { Self::Text }
    }
}

/// Why a command ended early.
#[derive(Debug)]
pub(crate) enum CommandFailure {
    /// The command line is wrong.
    Usage(String),
    /// It names an integration that is not configured.
    UnknownIntegration(String),
    /// The configuration has mistakes.
    Configuration(MistakeReport),
    /// The command failed.
    Failed(anyhow::Error),
    /// SIGINT ended the command before all was done.
    Interrupted(String),
    /// The output already says what is wrong.
    AlreadyReported,
    /// Standard output was closed by its reader, as by `| head`. This is not an error.
    OutputClosed,
}

impl CommandFailure {
    /// A failure with this text and no further cause.
    pub(crate) fn message(text: impl Display) -> Self {
        Self::Failed(anyhow::Error::msg(text.to_string()))
    }

    /// The same, where stored integrations are unknown: one that the command line names may be one of them. Without a
    /// named one, a command that needs Redis says itself that it does not answer.
    pub(super) fn with_unknown_integrations(self, why: &str) -> Self {
        if let Self::UnknownIntegration(text) = self {
            let text = format!("{text}; the stored integrations are unknown: {why}");
            return Self::UnknownIntegration(text);
        }
        self
    }

    /// A command line that is wrong: what clap says about it, without its hints for people.
    pub(super) fn wrong_arguments(error: &clap::Error) -> Self {
        let text = error.render().to_string();
        let end = ["\n\nUsage:", "\n\nFor more information"].iter().filter_map(|it| text.find(it));
        let text = &text[..end.min().unwrap_or(text.len())];
        let words: Vec<&str> = text.trim_start_matches("error: ").split_whitespace().collect();
        Self::Usage(words.join(" "))
    }

    /// Prints the failure on standard error, and returns its exit status.
    pub(super) fn report(&self, format: FailureFormat) -> ExitCode {
        let (kind, text, exit_status) = match self {
            Self::Usage(text) | Self::UnknownIntegration(text) => ("usage", text.clone(), 2),
            Self::Configuration(report) => ("configuration", report.to_string(), 2),
            Self::Failed(error) => ("failed", one_line(error), 1),
            Self::Interrupted(text) => ("interrupted", text.clone(), INTERRUPTED),
            Self::AlreadyReported => return ExitCode::FAILURE,
            Self::OutputClosed => return ExitCode::SUCCESS,
        };
        let line = match format {
            FailureFormat::Text if colours::are_shown_on(&io::stderr()) => {
                colours::highlight_lines(&format!("error: {text}"))
            }
            FailureFormat::Text => format!("error: {text}"),
            FailureFormat::Json => {
                let mistakes = match self {
                    Self::Configuration(report) => report.lines(),
                    Self::Usage(_)
                    | Self::UnknownIntegration(_)
                    | Self::Failed(_)
                    | Self::Interrupted(_)
                    | Self::AlreadyReported
                    | Self::OutputClosed => Vec::new(),
                };
                let error = text.lines().next().unwrap_or_default();
                let object = FailureObject { error, kind, exit_status, mistakes };
                // Texts and numbers can be written.
                serde_json::to_string(&object).unwrap_or(text)
            }
        };
        // Where standard error is closed too, only the exit status is left.
        let _ = writeln!(io::stderr(), "{line}");
        ExitCode::from(exit_status)
    }
}

/// A failure as JSON.
#[derive(Serialize)]
struct FailureObject<'a> {
    error: &'a str,
    /// `usage`, `configuration`, `failed` or `interrupted`.
    kind: &'static str,
    exit_status: u8,
    /// The mistakes in the configuration.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    mistakes: Vec<String>,
}

impl From<anyhow::Error> for CommandFailure {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<OperationError> for CommandFailure {
    fn from(error: OperationError) -> Self {
        match error {
            OperationError::WrongInput(text) => Self::Usage(text),
            OperationError::UnknownIntegration(text) => Self::UnknownIntegration(text),
            OperationError::NotFound(text) => Self::message(text),
            OperationError::Failed(error) => Self::Failed(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_that_of_the_results() {
        let format = |line: &str| {
            let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            FailureFormat::of(&arguments)
        };
        for line in ["postern tail --output json", "postern --no-such --output=json"] {
            assert_eq!(format(line), FailureFormat::Json, "{line}");
        }
        for line in ["postern", "postern tail --output", "postern tail --output human json"] {
            assert_eq!(format(line), FailureFormat::Text, "{line}");
        }
    }
}
