//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use simulator::output::LineFormat;

/// A simulator of Salto KS' cloud: identity provider, Connect API, and doors that open.
///
/// Both hosts are served at one address, with a page at / and a control API under /control.
/// The first line on standard output shows the address: "listening on http://127.0.0.1:PORT".
#[derive(Parser)]
#[command(name = "salto-simulator", version)]
pub(crate) struct Arguments {
    /// The address to listen on; port 0 takes a free port
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8480")]
    pub(crate) listen: SocketAddr,

    /// Allow --listen with an address that other machines can reach
    #[arg(long)]
    pub(crate) allow_remote: bool,

    /// A JSON file with the world to use in place of the built-in one
    #[arg(long, value_name = "FILE")]
    pub(crate) world: Option<PathBuf>,

    /// Print the world as JSON, in the form of a world file, and exit
    #[arg(long)]
    pub(crate) print_world: bool,

    /// The lifetime of an access token [default: the world's setting, 3600s in the built-in one]
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub(crate) token_lifetime: Option<Duration>,

    /// How long a door stays open, in seconds [default: the world's setting, 5 in the built-in one]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) open_seconds: Option<u32>,

    /// The RabbitMQ of postern's workers, for booking doors and ringing at them on the page:
    /// amqp://USER:PASSWORD@HOST/VHOST
    #[arg(long, value_name = "URL", env = "SIMULATOR_BROKER_URL", hide_env_values = true)]
    pub(crate) broker_url: Option<String>,

    /// The integration that the page's booking form begins with
    #[arg(long, value_name = "ID", default_value = "acme-utrecht")]
    pub(crate) integration: String,

    /// The format of the lines on standard output
    #[arg(long, value_enum, default_value = "human")]
    pub(crate) output: LineFormat,

    /// Print the address only, and no openings, refused commands or mails
    #[arg(long)]
    pub(crate) quiet: bool,
}
