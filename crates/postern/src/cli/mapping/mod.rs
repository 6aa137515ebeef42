//! `postern mapping`: which object opens which lock, and whether it can.

mod check;
mod finding;
mod judge;

use clap::Subcommand;
use consumer::Settings;

use super::failure::Failure;

/// About the mapping.
#[derive(Debug, Subcommand)]
pub(super) enum Mapping {
    /// Check that every mapped object leads to a lock that can be opened.
    Check(check::Check),
}

/// Does what the command line asks for.
pub(super) async fn run(mapping: Mapping, settings: &Settings) -> Result<(), Failure> {
    match mapping {
        Mapping::Check(check) => check::run(check, settings).await,
    }
}
