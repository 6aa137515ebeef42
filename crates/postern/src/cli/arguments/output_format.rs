//! The flag `--output`.

use clap::{Args, ValueEnum};

/// The format of results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// Text for people.
    Human,
    /// One JSON object per line.
    Json,
}

/// The flag `--output`, for commands that print results.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct OutputFlag {
    /// The format of the results; json prints one object per line.
    #[arg(long = "output", value_name = "FORMAT", default_value = "human")]
    pub(crate) format: OutputFormat,
}
