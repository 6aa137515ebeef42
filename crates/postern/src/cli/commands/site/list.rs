//! `postern site list`: the sites that an account can see.

use consumer::Settings;
use operations::{connections::site_access, site::account_sites};

use crate::cli::{
    arguments::integration::SiteListArguments,
    failure::CommandFailure,
    terminal::{observer::TerminalObserver, output::Output},
};

/// Reads the sites from Salto and prints them.
pub(super) async fn run(
    arguments: SiteListArguments,
    settings: &Settings,
) -> Result<(), CommandFailure> {
    let access =
        site_access::open(settings, &arguments.integration.integration_id, &TerminalObserver)
            .await?;
    let sites = account_sites(&access).await?;
    Output::new(arguments.output).print_all(&sites, ["ID", "SITE UID", "NAME"], |site| {
        [
            site.id.to_string(),
            site.site_uid.clone().unwrap_or_default(),
            site.name.clone().unwrap_or_default(),
        ]
    })
}
