//! `postern site`: the sites that accounts can see at Salto.

mod list;
mod resolve;
mod seen;

use clap::Subcommand;
use consumer::Settings;

pub(in crate::cli) use self::seen::seen;
use super::{args::List, failure::Failure};

/// About sites.
#[derive(Debug, Subcommand)]
pub(super) enum Site {
    /// List the sites the account can see.
    List(List),
    /// Find the id and the name of a site by its UID ("Resolve site ID").
    Resolve(resolve::Resolve),
}

/// Does what the command line asks for.
pub(super) async fn run(site: Site, settings: &Settings) -> Result<(), Failure> {
    match site {
        Site::List(list) => list::run(list, settings).await,
        Site::Resolve(resolve) => resolve::run(resolve, settings).await,
    }
}
