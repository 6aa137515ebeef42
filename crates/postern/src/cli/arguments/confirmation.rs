//! The flag `--yes`, and the question that it answers, for commands that cannot be undone.

use std::io::{self, IsTerminal, Write};

use anyhow::Context;
use clap::Args;

use crate::cli::failure::CommandFailure;

/// The flag `--yes`.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Confirmation {
    /// Do not ask for confirmation.
    #[arg(long)]
    yes: bool,
}

impl Confirmation {
    /// Fails where the question could not be answered: `--yes` is not given and standard input is
    /// not a terminal.
    pub(crate) fn require_an_answer(self) -> Result<(), CommandFailure> {
        if self.yes || io::stdin().is_terminal() {
            return Ok(());
        }
        Err(CommandFailure::Usage(
            "standard input is not a terminal, so the confirmation cannot be asked for: give --yes"
                .to_owned(),
        ))
    }

    /// Whether the operator confirms; asks unless `--yes` is given.
    pub(crate) fn ask(self, question: &str) -> anyhow::Result<bool> {
        if self.yes {
            return Ok(true);
        }
        let mut err = io::stderr();
        write!(err, "{question} Type yes: ").and_then(|()| err.flush())?;
        let mut answer = String::new();
        io::stdin()
            .read_line(&mut answer)
            .context("the answer cannot be read from standard input")?;
        Ok(answer.trim() == "yes")
    }
}
