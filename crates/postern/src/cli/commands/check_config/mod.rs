//! `postern check-config`: the settings of the configuration, without secrets.
//!
//! [`summary`] is the result as it is printed; [`sections`], [`environments`] and [`integrations`] are
//! the settings in it. A new setting has to be added there: a test compares them with the keys that
//! the configuration knows. [`changed_settings()`] compares those of two configurations.

mod changed_settings;
mod console;
mod environments;
mod integrations;
mod sections;
mod summary;

use clap::Args;

pub(crate) use self::changed_settings::changed_settings;
use self::summary::Summary;
use crate::cli::{
    arguments::output_format::OutputFlag,
    failure::CommandFailure,
    terminal::output::{Output, print_note},
};
use config::Config;

/// Arguments of `check-config`.
#[derive(Debug, Args)]
pub(crate) struct CheckConfigArguments {
    #[command(flatten)]
    output: OutputFlag,
}

/// Prints the settings of a configuration, which was read already and has no mistakes.
pub(crate) fn run(arguments: CheckConfigArguments, config: &Config) -> Result<(), CommandFailure> {
    for warning in &config.warnings {
        print_note(&format!("warning: {warning}"));
    }
    if config.settings.integrations.is_empty() {
        print_note(
            "note: there are no [[integrations]]: only those that are stored in Redis open doors (postern integration list)",
        );
    }
    let summary = Summary::of(config);
    Output::new(arguments.output).print(&summary, || summary.text())
}
