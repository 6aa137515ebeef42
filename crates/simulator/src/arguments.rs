//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use simulator::announce::Output;

/// A simulator of Salto KS' cloud: identity provider, Connect API, and doors that open.
///
/// Both hosts are served on one address, with a page at / and a control API under /control.
/// The first line on standard output says where: "listening on http://127.0.0.1:PORT".
#[derive(Parser)]
#[command(name = "salto-simulator", version)]
pub(crate) struct Arguments {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8480")]
    pub(crate) listen: SocketAddr,

    /// Listen on an address that other machines reach (it knows no secrets but its own)
    #[arg(long)]
    pub(crate) allow_remote: bool,

    /// The world as a JSON file, in place of the built-in one
    #[arg(long, value_name = "FILE")]
    pub(crate) world: Option<PathBuf>,

    /// Print the world as JSON and end: the form of a world file
    #[arg(long)]
    pub(crate) print_world: bool,

    /// How long an access token is good [default: 3600s, or as the world says]
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub(crate) token_lifetime: Option<Duration>,

    /// How long a door stays open, in seconds [default: 5, or as the world says]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) open_seconds: Option<u32>,

    /// How to print what happens
    #[arg(long, value_enum, default_value = "human")]
    pub(crate) output: Output,

    /// Print where it listens, and nothing after that
    #[arg(long)]
    pub(crate) quiet: bool,
}
