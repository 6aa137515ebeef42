//! What a run prints, as text or as JSON.

use serde::Serialize;
use serde_json::{Value, json};
use std::io::{self, Write};

/// The form of everything on standard output: text, or one JSON object a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Output {
    Human,
    Json,
}

/// The progress of a run.
#[derive(Debug, Clone, Serialize)]
pub struct Progress {
    pub seconds: u64,
    pub published: usize,
    pub answered: usize,
    pub opened: u64,
    pub faults: usize,
    pub active_faults: Vec<String>,
}

impl Output {
    /// Prints a remark.
    pub fn remark(self, text: &str) {
        match self {
            Self::Human => self.line(text),
            Self::Json => self.json("remark", json!({"text": text})),
        }
    }

    /// Prints the progress.
    pub fn progress(self, progress: &Progress) {
        match self {
            Self::Human => {
                let Progress { seconds, published, answered, opened, faults, active_faults } =
                    progress;
                let active = match active_faults.as_slice() {
                    [] => "none".to_owned(),
                    faults => faults.join(" "),
                };
                self.line(&format!(
                    "{seconds:4} s  {published} published, {answered} answered, {opened} openings; {faults} faults \
                     ended, active: {active}"
                ));
            }
            Self::Json => self.json("progress", json!(progress)),
        }
    }

    /// Prints a JSON object with the name of what it describes in `event`.
    pub fn json(self, event: &str, mut value: Value) {
        value["event"] = event.into();
        self.line(&value.to_string());
    }

    /// Prints a line unchanged.
    pub fn line(self, text: &str) {
        // The reader of the pipe may have ended.
        let _ = writeln!(io::stdout().lock(), "{text}");
    }
}
