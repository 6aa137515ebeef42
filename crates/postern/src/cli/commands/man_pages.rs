//! `postern man-pages`: manual pages, one for each command.

use std::{fs, path::PathBuf};

use anyhow::Context;
use clap::{Args, Command};

use crate::cli::failure::CommandFailure;

/// Arguments of `man-pages`.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  postern man-pages /usr/local/share/man/man1 && man postern-dlq-replay")]
pub(crate) struct ManPagesArguments {
    /// The directory for the pages, which is created where it is missing. Pages of the same names are
    /// overwritten.
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

/// Writes the pages of `program` and of all its commands.
pub(crate) fn run(arguments: ManPagesArguments, program: Command) -> Result<(), CommandFailure> {
    let directory = &arguments.directory;
    fs::create_dir_all(directory)
        .with_context(|| format!("cannot create {}", directory.display()))?;
    clap_mangen::generate_to(program, directory)
        .with_context(|| format!("cannot write manual pages to {}", directory.display()))?;
    Ok(())
}
