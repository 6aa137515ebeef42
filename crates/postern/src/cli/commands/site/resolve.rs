//! `postern site resolve`: finds the id that Salto's calls use by the UID that people use.

use anyhow::Context;
use clap::Args;
use consumer::{IntegrationSettings, Settings};
use operations::{
    connections::{site_access, visible_sites::visible_sites},
    one_line,
};
use salto::SiteInfo;
use serde::Serialize;
use uuid::Uuid;

use crate::cli::{
    arguments::output_format::OutputFlag,
    failure::CommandFailure,
    terminal::{
        observer::TerminalObserver,
        output::{Output, print_note},
    },
};

/// Arguments of `site resolve`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
postern itself finds the site by its UID. This command checks that a UID is correct, and that the \
account can see the site.

Examples:
  postern site resolve NL6254340082
  postern site resolve NL6254340082 --integration acme --output json")]
pub(crate) struct ResolveArguments {
    /// The UID of the site, as Salto KS shows it, such as NL6254340082.
    #[arg(value_name = "UID")]
    uid: String,
    /// Use the account of this integration only [default: of every integration].
    #[arg(long = "integration", value_name = "ID")]
    integration_id: Option<String>,
    #[command(flatten)]
    output: OutputFlag,
}

#[derive(Debug, Serialize)]
struct ResolvedSite<'a> {
    site_uid: Option<String>,
    id: Uuid,
    name: Option<String>,
    /// An integration whose account can see the site.
    integration_id: &'a str,
}

/// Looks the UID up with each account, and prints the site; where there is none, the error names the
/// sites that exist.
pub(super) async fn run(
    arguments: ResolveArguments,
    settings: &Settings,
) -> Result<(), CommandFailure> {
    let mut search = SiteSearch::default();
    for integration in
        site_access::selected_integrations(settings, arguments.integration_id.as_deref())?
    {
        match sites(settings, integration).await {
            Ok(sites) => search.add(sites, &integration.rules.id, &arguments.uid),
            Err(error) => search.errors.push((integration.rules.id.as_str(), error)),
        }
    }
    // Where there is nothing but one error, it is the error of the command.
    if search.found.is_empty() && search.others.is_empty() && search.errors.len() == 1 {
        return Err(search.errors.remove(0).1.into());
    }
    for (integration_id, error) in &search.errors {
        print_note(&format!("{integration_id}: {}", one_line(error)));
    }
    if search.found.is_empty() {
        return Err(CommandFailure::message(format!(
            "no site has the UID {:?}: {}; correct the UID, or add the system user to that site in \
             Salto",
            arguments.uid,
            visible_sites("the account", Some(&search.others))
        )));
    }
    let header = ["SITE UID", "ID", "NAME", "INTEGRATION"];
    Output::new(arguments.output).print_all(&search.found, header, ResolvedSite::cells)
}

/// What the accounts can see.
#[derive(Default)]
struct SiteSearch<'a> {
    found: Vec<ResolvedSite<'a>>,
    others: Vec<SiteInfo>,
    /// The errors by integration.
    errors: Vec<(&'a str, anyhow::Error)>,
}

impl<'a> SiteSearch<'a> {
    /// Adds the sites of an account, each site once.
    fn add(&mut self, sites: Vec<SiteInfo>, integration_id: &'a str, uid: &str) {
        for site in sites {
            if matches_uid(&site, uid) {
                if !self.found.iter().any(|found| found.id == site.id) {
                    let SiteInfo { id, site_uid, customer_reference: name } = site;
                    self.found.push(ResolvedSite { site_uid, id, name, integration_id });
                }
            } else if !self.others.iter().any(|other| other.id == site.id) {
                self.others.push(site);
            }
        }
    }
}

async fn sites(
    settings: &Settings,
    integration: &IntegrationSettings,
) -> anyhow::Result<Vec<SiteInfo>> {
    let access = site_access::open_integration(settings, integration, &TerminalObserver).await?;
    access.with_advice(access.site.sites().await).await.context("the sites cannot be listed")
}

/// Whether the UID, or the id itself, is that of the site.
fn matches_uid(site: &SiteInfo, wanted: &str) -> bool {
    site.site_uid.as_ref().is_some_and(|uid| uid.eq_ignore_ascii_case(wanted.trim()))
        || wanted.trim().parse() == Ok(site.id)
}

impl ResolvedSite<'_> {
    fn cells(&self) -> [String; 4] {
        [
            self.site_uid.clone().unwrap_or_default(),
            self.id.to_string(),
            self.name.clone().unwrap_or_default(),
            self.integration_id.to_owned(),
        ]
    }
}
