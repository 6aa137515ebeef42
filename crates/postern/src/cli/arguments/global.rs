//! Arguments of every command: the configuration file and logging.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Arguments of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct GlobalArguments {
    /// The configuration, a TOML file.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "POSTERN_CONFIG",
        hide_env_values = true
    )]
    pub(crate) config: Option<PathBuf>,
    /// Show times in the time zone of this machine [default: in UTC]. JSON and log lines have UTC.
    #[arg(long, global = true)]
    pub(crate) local: bool,
    /// The format of log lines [default: human on a terminal, else json].
    #[arg(long, global = true, value_name = "FORMAT")]
    pub(crate) log_format: Option<LogFormat>,
    /// What is logged: error, warn, info, debug, or a filter such as info,consumer=debug
    /// [default: info for the worker, else warn]. Lines of the RabbitMQ client are off unless the
    /// filter names lapin.
    #[arg(long, global = true, value_name = "FILTER", env = "POSTERN_LOG", hide_env_values = true)]
    pub(crate) log_level: Option<String>,
}

/// The format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// Text for people.
    Human,
    /// One JSON object per line.
    Json,
}
