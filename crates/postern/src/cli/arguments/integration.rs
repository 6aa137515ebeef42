//! The flag `--integration`.

use clap::Args;

use super::output_format::OutputFlag;
use crate::cli::failure::CommandFailure;

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

/// Fails where an integration is wanted that the configuration does not have. Nothing is checked where the
/// configured ones are not known.
pub(crate) fn check_configured(
    wanted: Option<&str>,
    configured: Option<&[&str]>,
) -> Result<(), CommandFailure> {
    match (wanted, configured) {
        (Some(wanted), Some(configured)) if !configured.contains(&wanted) => {
            Err(not_configured(wanted, configured))
        }
        _ => Ok(()),
    }
}

/// The failure where an integration is not configured.
pub(crate) fn not_configured(wanted: &str, configured: &[&str]) -> CommandFailure {
    let known = if configured.is_empty() { "none".to_owned() } else { configured.join(", ") };
    CommandFailure::Usage(format!("no integration {wanted:?} is configured; configured: {known}"))
}
