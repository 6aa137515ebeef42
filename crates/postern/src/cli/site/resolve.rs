//! `postern site resolve`: from the UID that people use to the id that Salto's calls use.

use std::collections::BTreeSet;

use anyhow::{Context, anyhow};
use clap::Args;
use consumer::{IntegrationSettings, Settings};
use salto::SiteInfo;
use serde::Serialize;
use uuid::Uuid;

use crate::cli::{
    args::Printing,
    failure::Failure,
    output::{Output, note},
    site_access,
};

/// Arguments of `site resolve`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
postern finds the site by its UID itself; this is for looking whether a UID is right, and whether the \
account sees the site.

Examples:
  postern site resolve NL6254340082
  postern site resolve NL6254340082 --integration acme --output json")]
pub(in crate::cli) struct Resolve {
    /// The UID as it stands in Salto KS, such as NL6254340082.
    #[arg(value_name = "UID")]
    uid: String,
    /// Ask with this integration's account only [default: with every account there is].
    #[arg(long = "integration", value_name = "ID")]
    integration_id: Option<String>,
    #[command(flatten)]
    printing: Printing,
}

#[derive(Debug, Serialize)]
struct Row<'a> {
    site_uid: Option<String>,
    id: Uuid,
    name: Option<String>,
    /// One whose account sees the site.
    integration_id: &'a str,
}

/// Asks each account and prints; without a hit it tells what there is.
pub(super) async fn run(resolve: Resolve, settings: &Settings) -> Result<(), Failure> {
    let one = resolve.integration_id.as_deref();
    let (mut found, mut others, mut failed) = (Vec::new(), BTreeSet::new(), None);
    for integration in site_access::chosen(settings, one)? {
        let sites = match sites(settings, integration).await {
            Ok(sites) => sites,
            Err(error) => {
                note(&format!("{}: {error:#}", integration.rules.id));
                failed = Some(error);
                continue;
            }
        };
        for site in sites {
            if !is_it(&site, &resolve.uid) {
                others.insert(shown(&site));
            } else if !found.iter().any(|row: &Row<'_>| row.id == site.id) {
                let SiteInfo { id, site_uid, customer_reference: name } = site;
                found.push(Row { site_uid, id, name, integration_id: &integration.rules.id });
            }
        }
    }
    match (found.is_empty(), failed) {
        (false, _) => {
            let header = ["SITE UID", "ID", "NAME", "INTEGRATION"];
            Output::new(resolve.printing).all(&found, header, Row::cells)
        }
        (true, Some(error)) if others.is_empty() => Err(error.into()),
        (true, _) => Err(none(&resolve.uid, &others).into()),
    }
}

async fn sites(
    settings: &Settings,
    integration: &IntegrationSettings,
) -> anyhow::Result<Vec<SiteInfo>> {
    let access = site_access::connect(settings, integration).await?;
    access.site.sites().await.context("the sites cannot be listed")
}

/// By UID, or by the id itself.
fn is_it(site: &SiteInfo, wanted: &str) -> bool {
    site.site_uid.as_ref().is_some_and(|uid| uid.eq_ignore_ascii_case(wanted.trim()))
        || wanted.trim().parse() == Ok(site.id)
}

fn shown(site: &SiteInfo) -> String {
    let uid = site.site_uid.as_deref().unwrap_or("no UID");
    format!("{uid} ({})", site.customer_reference.as_deref().unwrap_or("no name"))
}

fn none(uid: &str, others: &BTreeSet<String>) -> anyhow::Error {
    if others.is_empty() {
        return anyhow!(
            "no site: the account sees none at all; have the system user invited to the site in \
             Salto KS"
        );
    }
    anyhow!(
        "no site {uid:?}: the account sees {}; correct the UID, or have the system user invited to \
         that site in Salto KS",
        others.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
    )
}

impl Row<'_> {
    fn cells(&self) -> [String; 4] {
        [
            self.site_uid.clone().unwrap_or_default(),
            self.id.to_string(),
            self.name.clone().unwrap_or_default(),
            self.integration_id.to_owned(),
        ]
    }
}
