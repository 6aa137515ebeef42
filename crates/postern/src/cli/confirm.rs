//! Asking before what cannot be taken back.

use std::io::{self, IsTerminal, Write};

use anyhow::Context;
use clap::Args;

use super::failure::Failure;

/// For commands that ask first.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Confirm {
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

impl Confirm {
    /// Whether somebody can be asked, if need be.
    pub(super) fn check(self) -> Result<(), Failure> {
        if self.yes || io::stdin().is_terminal() {
            return Ok(());
        }
        Err(Failure::Usage("nobody can be asked here: give --yes".to_owned()))
    }

    /// Asks, where it was not said already.
    pub(super) fn ask(self, question: &str) -> anyhow::Result<bool> {
        if self.yes {
            return Ok(true);
        }
        let mut err = io::stderr();
        write!(err, "{question} Type yes: ").and_then(|()| err.flush())?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).context("no answer")?;
        Ok(answer.trim() == "yes")
    }
}
