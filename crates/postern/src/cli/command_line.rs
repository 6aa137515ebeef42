//! The command line of the program, with its help.

use clap::{Parser, Subcommand};

use crate::cli::{
    arguments::global::GlobalArguments,
    commands::{
        audit::AuditArguments, booking::BookingCommand, check_config::CheckConfigArguments,
        check_event::CheckEventArguments, completions::CompletionsArguments,
        console::ConsoleArguments, dlq::DlqCommand, doctor::DoctorArguments,
        explain::ExplainArguments, guest_key::GuestKeyCommand, integration::IntegrationCommand,
        iq::IqCommand, listen::ListenArguments, lock::LockCommand, login::LoginArguments,
        man_pages::ManPagesArguments, mapping::MappingCommand, pause::PauseCommand,
        publish::PublishCommand, ready::ReadyArguments, secrets::SecretsCommand, site::SiteCommand,
        tail::TailArguments,
    },
};

const EXAMPLES: &str = "\
Examples:
  From a new configuration to an open door (postern doctor always shows the next step):
    postern --config postern.toml check-config
    postern login --integration acme-utrecht        only with flow = \"authorization_code\"
    postern site resolve NL6254340082
    postern lock list --integration acme-utrecht    the ids for the mapping
    postern iq list --integration acme-utrecht
    postern iq activate --integration acme-utrecht --iq 0f7b2c1e-…
    postern mapping check
    postern worker
  In daily operation:
    postern doctor
    postern explain --integration acme-utrecht --booking b-1
    postern publish open-request --integration acme-utrecht --booking b-1
    postern audit --since -2h --outcome rejected
    postern tail --output json
    postern listen --integration acme-utrecht
    postern dlq list
    postern integration list

Every setting outside [[integrations]] can be set by an environment variable: POSTERN__BROKER__URL is
url in [broker], POSTERN__SALTO__ENVIRONMENTS__ACCEPTANCE__API_URL is api_url in
[salto.environments.acceptance].

Results go to standard output, everything else to standard error. Exit status: 0 done, 1 failed,
2 wrong usage or configuration.";

/// Opens Salto KS doors when the booking says so.
///
/// A booking system publishes bookings and open requests to RabbitMQ. `postern worker` decides each
/// request, opens the door at Salto, and publishes the result.
#[derive(Debug, Parser)]
#[command(name = "postern", version, after_long_help = EXAMPLES, max_term_width = 100)]
pub(crate) struct CommandLine {
    #[command(flatten)]
    pub(super) global: GlobalArguments,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Take messages from RabbitMQ and open doors, until SIGTERM or SIGINT.
    ///
    /// The first signal stops taking messages, waits for the commands that were sent to Salto, and
    /// returns all other messages to the broker; a second one ends the process at once. SIGHUP reads
    /// the configuration again: environments, integrations and their secrets take effect at once,
    /// everything else at the next start; a file with mistakes changes nothing.
    Worker,
    /// Serve the console: pages for people and an API for programs, until SIGTERM or SIGINT.
    ///
    /// A process of its own beside the workers; neither needs the other. [console] in the configuration has its
    /// address, its users and its tokens. A signal ends it within 5 s.
    #[command(args_conflicts_with_subcommands = true)]
    Console(ConsoleArguments),
    /// Check the configuration and show its settings; reports all mistakes at once.
    ///
    /// Reads the file, the environment variables and the files of secrets. Connects to nothing.
    CheckConfig(CheckConfigArguments),
    /// Say whether the worker of this configuration is ready, as its /readyz does; for health checks.
    ///
    /// Asks the address http.listen and nothing else. Exit status 1: it is not ready, or none answers.
    Ready(ReadyArguments),
    /// Check everything that a door needs to open, and say what to do next.
    ///
    /// Checks the configuration, RabbitMQ, Redis, Salto's hosts and clock; for each integration its
    /// account, site, rights, IQs and mapping; and the bookings of the next hour that could not open.
    /// Takes at most 10 s. Changes nothing, except that it may store a token in Redis, which the
    /// workers use too.
    Doctor(DoctorArguments),
    /// Say why a door opened or did not open, or whether it would open now.
    ///
    /// Shows the rules in their order, each with its inputs; the state of the booking; the ledger's
    /// record of the request; and the state of the door's IQ. Changes nothing.
    Explain(ExplainArguments),
    /// Show the audit: who requested which door, which rule decided, and the outcome.
    ///
    /// Shows one line per decided request. Changes nothing.
    Audit(AuditArguments),
    /// The commands that need the broker alone.
    #[command(flatten)]
    Broker(BrokerCommand),
    /// The integrations: those of the configuration file, and those that are stored in Redis.
    ///
    /// A stored integration is set up and changed without touching a file or sending a signal. It has the keys of
    /// a table of `[[integrations]]`.
    #[command(subcommand)]
    Integration(IntegrationCommand),
    /// What is stored of a booking.
    #[command(subcommand)]
    Booking(BookingCommand),
    /// The pauses that Salto asked for: no calls are sent for an integration meanwhile.
    #[command(subcommand)]
    Pause(PauseCommand),
    /// The key that encrypts what is stored in Redis.
    #[command(subcommand)]
    Secrets(SecretsCommand),
    /// Sign in at Salto for an integration, once, in the browser.
    ///
    /// Opens Salto's login page and waits until it redirects the browser back. Only integrations whose
    /// flow is authorization_code need it; the others sign in automatically.
    Login(LoginArguments),
    /// Digital Key for Guests: access codes with which a guest's app creates a digital key.
    ///
    /// [salto.environments.NAME.guest_keys] configures what Salto has not published.
    #[command(subcommand)]
    GuestKey(GuestKeyCommand),
    /// The IQs of an integration's site: the gateways between Salto's cloud and the locks.
    #[command(subcommand)]
    Iq(IqCommand),
    /// The sites that an integration's account can see at Salto.
    #[command(subcommand)]
    Site(SiteCommand),
    /// The locks of an integration's site.
    #[command(subcommand)]
    Lock(LockCommand),
    /// The mapping of objects to locks.
    #[command(subcommand)]
    Mapping(MappingCommand),
    /// The commands that need nothing.
    #[command(flatten)]
    Standalone(StandaloneCommand),
}

/// The commands that need neither configuration nor broker.
#[derive(Debug, Subcommand)]
pub(super) enum StandaloneCommand {
    /// Check events in files, as a worker would; reports all mistakes of each at once.
    ///
    /// Needs neither configuration nor broker.
    CheckEvent(CheckEventArguments),
    /// Print a script by which a shell completes commands and options.
    Completions(CompletionsArguments),
    /// Write the manual pages, one for each command.
    ManPages(ManPagesArguments),
}

/// The commands that need `[broker]` alone (`docs/contract.md`, Commands).
#[derive(Debug, Subcommand)]
pub(super) enum BrokerCommand {
    /// Publish an event as the booking system would.
    #[command(subcommand)]
    Publish(PublishCommand),
    /// Print the events that postern publishes, as they arrive.
    ///
    /// One line for each event of any integration, for operators. Ends with Ctrl-C.
    Tail(TailArguments),
    /// Show the answers to one integration with all their members, or post them to a URL.
    ///
    /// For developers of a booking system, in place of a consumer of their own. Ends with Ctrl-C.
    Listen(ListenArguments),
    /// The dead letters: messages that could not be processed, and requests that failed.
    #[command(subcommand)]
    Dlq(DlqCommand),
}
