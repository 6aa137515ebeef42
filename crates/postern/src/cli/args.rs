//! The command line, and its help.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

use super::{
    audit, check_config, dlq, doctor, explain, guest_key, iq, login, mapping, publish, site, tail,
};

const EXAMPLES: &str = "\
Examples:
  From a new configuration to an open door (postern doctor says at any time what comes next):
    postern --config postern.toml check-config
    postern login --integration acme-utrecht        with flow = \"authorization_code\" only
    postern site resolve NL6254340082
    postern lock list --integration acme-utrecht    ids for the mapping
    postern iq list --integration acme-utrecht
    postern iq activate --integration acme-utrecht --iq 0f7b2c1e-…
    postern mapping check
    postern worker
  Day by day:
    postern doctor
    postern explain --integration acme-utrecht --booking b-1
    postern publish open-request --integration acme-utrecht --booking b-1
    postern audit --since -2h --outcome rejected
    postern tail --output json
    postern dlq list

Every setting outside [[integrations]] can be given by environment: POSTERN__BROKER__URL is url in
[broker], POSTERN__SALTO__ENVIRONMENTS__ACCEPTANCE__API_URL is api_url in
[salto.environments.acceptance].

Data goes to standard output, everything else to standard error. Exit status: 0 done, 1 failed,
2 wrong usage or configuration.";

const LOCK_LIST: &str = "\
The ids go into the configuration, in the integration's part: an object (product) of the booking
system opens the lock beside it, all others the default lock, if there is one:
  default_lock = \"4d77312f-…\"
  [integrations.locks]
  \"room-12\" = \"a5091d73-…\"
`postern mapping check` then says whether these doors can be opened.";

/// Opens Salto KS doors when the booking says so.
///
/// A booking system publishes bookings and open requests to RabbitMQ; `postern worker` decides each
/// request, opens the door at Salto, and publishes what came of it.
#[derive(Debug, Parser)]
#[command(name = "postern", version, after_long_help = EXAMPLES, max_term_width = 100)]
#[command(disable_help_subcommand = true)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// What every command takes.
#[derive(Debug, ClapArgs)]
#[command(next_help_heading = "Options of every command")]
pub(super) struct Global {
    /// The configuration, a TOML file.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "POSTERN_CONFIG",
        hide_env_values = true
    )]
    pub(super) config: Option<PathBuf>,
    /// How log lines look [default: human on a terminal, else json].
    #[arg(long, global = true, value_name = "FORMAT")]
    pub(super) log_format: Option<LogFormat>,
    /// What is logged: error, warn, info, debug, or a filter such as info,consumer=debug
    /// [default: info for the worker, else warn].
    #[arg(long, global = true, value_name = "FILTER", env = "POSTERN_LOG", hide_env_values = true)]
    pub(super) log_level: Option<String>,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum OutputFormat {
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

/// For commands that print something.
#[derive(Debug, Clone, Copy, ClapArgs)]
pub(super) struct Printing {
    /// How results are printed; json is one object a line.
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(super) output: OutputFormat,
}

/// For commands about one integration.
#[derive(Debug, ClapArgs)]
pub(super) struct Integration {
    /// An integration's id, as in the configuration.
    #[arg(long = "integration", value_name = "ID")]
    pub(super) integration_id: String,
}

/// For commands that list something at Salto.
#[derive(Debug, ClapArgs)]
pub(super) struct List {
    #[command(flatten)]
    pub(super) integration: Integration,
    #[command(flatten)]
    pub(super) printing: Printing,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Take messages from RabbitMQ and open doors, until SIGTERM or SIGINT.
    ///
    /// A first signal stops taking messages, lets what was sent to Salto finish and gives the rest
    /// back to the broker; a second one ends the process at once. SIGHUP reads the configuration
    /// again: environments, integrations and their secrets take effect at once, everything else at
    /// the next start; a file with mistakes changes nothing.
    Worker,
    /// Check the configuration and say what it holds; reports all mistakes at once.
    ///
    /// Reads the file, the environment and the secrets' files. Connects to nothing.
    CheckConfig(check_config::CheckConfig),
    /// Look at everything that a door needs to open, and say what to do next.
    ///
    /// Configuration, RabbitMQ, Redis, Salto's hosts and clock; for each integration its account, site,
    /// rights, IQs and mapping; and the bookings of the hour that could not open. Takes 10 s at most.
    /// Creates and changes nothing, but for a token in Redis, which the workers use too.
    Doctor(doctor::Doctor),
    /// Say why a door did or did not open, or would or would not.
    ///
    /// The rules in order, each with what it looked at; the booking as it is known; what the ledger
    /// holds of the request; and how the door's IQ stands. Changes nothing.
    Explain(explain::Explain),
    /// Show the audit: who asked for which door, which rule spoke, and what came of it.
    ///
    /// One line for every decided request; changes nothing.
    Audit(audit::Audit),
    /// Publish an event as the booking system would.
    #[command(subcommand)]
    Publish(publish::Publish),
    /// Print the events that postern publishes, as they come.
    Tail(tail::Tail),
    /// The dead letters: messages nobody could go on with, and requests that failed.
    #[command(subcommand)]
    Dlq(dlq::Dlq),
    /// Sign in at Salto for an integration, by the browser, once.
    ///
    /// Opens Salto's login page and waits until it sends the browser back. For integrations whose flow
    /// is authorization_code; the others sign in by themselves.
    Login(login::Login),
    /// Digital Key for Guests: codes with which a guest's app makes itself a digital key.
    ///
    /// What Salto has not published of it stands in [salto.environments.NAME.guest_keys].
    #[command(subcommand)]
    GuestKey(guest_key::GuestKey),
    /// The IQs of an integration's site: the gateways between Salto's cloud and the locks.
    #[command(subcommand)]
    Iq(iq::Iq),
    /// The sites an integration's account can see at Salto.
    #[command(subcommand)]
    Site(site::Site),
    /// The locks of an integration's site.
    #[command(subcommand)]
    Lock(LockCommand),
    /// Which objects lead to which locks.
    #[command(subcommand)]
    Mapping(mapping::Mapping),
}

/// About locks.
#[derive(Debug, Subcommand)]
pub(super) enum LockCommand {
    /// List the site's locks, with the objects mapped to each.
    #[command(after_long_help = LOCK_LIST)]
    List(List),
}
