//! What a run says, to people or to programs.

use serde::Serialize;
use serde_json::{Value, json};
use std::io::{self, Write};

/// Words on standard output, or one JSON object a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Voice {
    Human,
    Json,
}

/// How far a run has come.
#[derive(Debug, Clone, Serialize)]
pub struct Progress {
    pub seconds: u64,
    pub published: usize,
    pub answered: usize,
    pub opened: u64,
    pub faults: usize,
    pub at_work: Vec<String>,
}

impl Voice {
    /// A remark.
    pub fn say(self, words: &str) {
        match self {
            Self::Human => self.line(words),
            Self::Json => self.json("remark", json!({"text": words})),
        }
    }

    /// How far it is.
    pub fn progress(self, progress: &Progress) {
        match self {
            Self::Human => {
                let Progress { seconds, published, answered, opened, faults, at_work } = progress;
                let at_work =
                    if at_work.is_empty() { "none".to_owned() } else { at_work.join(" ") };
                self.line(&format!(
                    "{seconds:4} s  {published} published, {answered} answered, {opened} openings; {faults} faults \
                     over, now: {at_work}"
                ));
            }
            Self::Json => self.json("progress", json!(progress)),
        }
    }

    /// Anything with a name, as a program reads it.
    pub fn json(self, event: &str, mut value: Value) {
        value["event"] = event.into();
        self.line(&value.to_string());
    }

    /// A line as it is.
    pub fn line(self, text: &str) {
        // Nobody may be listening any more.
        let _ = writeln!(io::stdout().lock(), "{text}");
    }
}
