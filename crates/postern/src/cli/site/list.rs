//! `postern site list`: the sites an account can see.

use anyhow::Context;
use consumer::Settings;
use salto::SiteInfo;
use serde::Serialize;
use uuid::Uuid;

use crate::cli::{args::List, failure::Failure, output::Output, site_access};

#[derive(Serialize)]
struct Row {
    id: Uuid,
    site_uid: Option<String>,
    name: Option<String>,
}

/// Asks Salto and prints.
pub(super) async fn run(list: List, settings: &Settings) -> Result<(), Failure> {
    let access = site_access::open(settings, &list.integration.integration_id).await?;
    let sites =
        access.hear(access.site.sites().await).await.context("the sites cannot be listed")?;
    let rows: Vec<Row> = sites.into_iter().map(Row::from).collect();
    Output::new(list.printing).all(&rows, ["ID", "SITE UID", "NAME"], |row| {
        [
            row.id.to_string(),
            row.site_uid.clone().unwrap_or_default(),
            row.name.clone().unwrap_or_default(),
        ]
    })
}

impl From<SiteInfo> for Row {
    fn from(site: SiteInfo) -> Self {
        Self { id: site.id, site_uid: site.site_uid, name: site.customer_reference }
    }
}
