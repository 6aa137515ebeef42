//! `postern site list`: the sites that an account can see.

use anyhow::Context;
use consumer::Settings;
use operations::connections::site_access;
use salto::SiteInfo;
use serde::Serialize;
use uuid::Uuid;

use crate::cli::{
    arguments::integration::SiteListArguments,
    failure::CommandFailure,
    terminal::{observer::TerminalObserver, output::Output},
};

#[derive(Serialize)]
struct SiteRow {
    id: Uuid,
    site_uid: Option<String>,
    name: Option<String>,
}

/// Reads the sites from Salto and prints them.
pub(super) async fn run(
    arguments: SiteListArguments,
    settings: &Settings,
) -> Result<(), CommandFailure> {
    let access =
        site_access::open(settings, &arguments.integration.integration_id, &TerminalObserver)
            .await?;
    let sites = access
        .with_advice(access.site.sites().await)
        .await
        .context("the sites cannot be listed")?;
    let rows: Vec<SiteRow> = sites.into_iter().map(SiteRow::from).collect();
    Output::new(arguments.output).print_all(&rows, ["ID", "SITE UID", "NAME"], |row| {
        [
            row.id.to_string(),
            row.site_uid.clone().unwrap_or_default(),
            row.name.clone().unwrap_or_default(),
        ]
    })
}

impl From<SiteInfo> for SiteRow {
    fn from(site: SiteInfo) -> Self {
        Self { id: site.id, site_uid: site.site_uid, name: site.customer_reference }
    }
}
