//! postern: opens Salto KS doors when the booking says so.

mod cli;
mod config;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    cli::run(cli::CommandLine::parse())
}
