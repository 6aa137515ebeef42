//! The flag `--integration`.

use clap::Args;

use super::output_format::OutputFlag;

/// The flag `--integration`, for commands about one integration.
#[derive(Debug, Args)]
pub(crate) struct IntegrationArgument {
    /// The id of an integration in the configuration.
    #[arg(long = "integration", value_name = "ID")]
    pub(crate) integration_id: String,
}

/// Arguments of commands that list the sites, locks or IQs of an integration.
#[derive(Debug, Args)]
pub(crate) struct SiteListArguments {
    #[command(flatten)]
    pub(crate) integration: IntegrationArgument,
    #[command(flatten)]
    pub(crate) output: OutputFlag,
}
