//! `postern site resolve`: from the UID that people use to the id that Salto's calls use.

use anyhow::Context;
use clap::Args;
use consumer::{IntegrationSettings, Settings};
use salto::SiteInfo;
use serde::Serialize;
use uuid::Uuid;

use super::seen;
use crate::cli::{
    args::Printing,
    failure::{Failure, chain},
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
    let chosen = site_access::chosen(settings, resolve.integration_id.as_deref())?;
    let (mut found, mut others, mut failed) = (Vec::new(), Vec::new(), Vec::new());
    for integration in chosen {
        let sites = match sites(settings, integration).await {
            Ok(sites) => sites,
            Err(error) => {
                failed.push((integration.rules.id.as_str(), error));
                continue;
            }
        };
        for site in sites {
            if is_it(&site, &resolve.uid) {
                if !found.iter().any(|row: &Row<'_>| row.id == site.id) {
                    let SiteInfo { id, site_uid, customer_reference: name } = site;
                    found.push(Row { site_uid, id, name, integration_id: &integration.rules.id });
                }
            } else if !others.iter().any(|other: &SiteInfo| other.id == site.id) {
                others.push(site);
            }
        }
    }
    // Where nothing else is known, it is the answer.
    if found.is_empty() && others.is_empty() && failed.len() == 1 {
        return Err(failed.remove(0).1.into());
    }
    for (integration_id, error) in failed {
        note(&format!("{integration_id}: {}", chain(&error)));
    }
    if found.is_empty() {
        return Err(Failure::plain(format!(
            "no site {:?}: {}; correct the UID, or have the system user added to that site, in Salto",
            resolve.uid,
            seen("the account", Some(&others))
        )));
    }
    let header = ["SITE UID", "ID", "NAME", "INTEGRATION"];
    Output::new(resolve.printing).all(&found, header, Row::cells)
}

async fn sites(
    settings: &Settings,
    integration: &IntegrationSettings,
) -> anyhow::Result<Vec<SiteInfo>> {
    let access = site_access::connect(settings, integration).await?;
    access.hear(access.site.sites().await).await.context("the sites cannot be listed")
}

/// By UID, or by the id itself.
fn is_it(site: &SiteInfo, wanted: &str) -> bool {
    site.site_uid.as_ref().is_some_and(|uid| uid.eq_ignore_ascii_case(wanted.trim()))
        || wanted.trim().parse() == Ok(site.id)
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
