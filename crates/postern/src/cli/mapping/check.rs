//! `postern mapping check`: whether every mapped object leads to a lock that can be opened.

use anyhow::Context;
use clap::Args;
use consumer::{IntegrationSettings, Settings};

use super::{
    finding::{Finding, Kind},
    judge::judge,
};
use crate::cli::{
    args::Printing,
    failure::{Failure, chain},
    iq::views,
    output::{Output, note},
    site_access,
};

/// Arguments of `mapping check`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Asks Salto for the locks and IQs of each integration's site. Broken is what keeps a door shut: objects \
that lead to locks the site does not have, locks without an IQ, IQs that are not activated here or are \
in trouble. Worth a note, and nothing more: no default lock, several objects on one lock, an \
integration that is switched off.

Each finding says what to do. Exit status: 1 where something is broken, else 0.

Examples:
  postern mapping check
  postern mapping check --integration acme --output json")]
pub(in crate::cli) struct Check {
    /// Check this integration only [default: all of them].
    #[arg(long = "integration", value_name = "ID")]
    integration_id: Option<String>,
    #[command(flatten)]
    printing: Printing,
}

/// Looks, prints, and sums up on standard error.
pub(super) async fn run(check: Check, settings: &Settings) -> Result<(), Failure> {
    let output = Output::new(check.printing);
    let mut broken = false;
    for integration in site_access::chosen(settings, check.integration_id.as_deref())? {
        let findings = look(settings, integration).await.unwrap_or_else(|error| {
            let text = format!("it could not be checked: {}", chain(&error));
            let next = "put this right, then check again".to_owned();
            vec![Finding::new(&integration.rules.id, Kind::NotChecked, text, next)]
        });
        findings.iter().try_for_each(|finding| output.one(finding, || finding.words()))?;
        let count = findings.iter().filter(|finding| finding.is_broken()).count();
        broken |= count > 0;
        note(&summary(integration, count));
    }
    if broken { Err(Failure::Told) } else { Ok(()) }
}

async fn look(
    settings: &Settings,
    integration: &IntegrationSettings,
) -> anyhow::Result<Vec<Finding>> {
    let access = site_access::connect(settings, integration).await?;
    let locks =
        access.hear(access.site.locks().await).await.context("the locks cannot be listed")?;
    let iqs = views(&access).await?;
    Ok(judge(&integration.rules, &locks, &iqs))
}

fn summary(integration: &IntegrationSettings, broken: usize) -> String {
    let rules = &integration.rules;
    let default = if rules.default_lock.is_some() { " and a default lock" } else { "" };
    let objects = rules.locks.len();
    let broken = if broken == 0 { "nothing".to_owned() } else { broken.to_string() };
    format!("{}: {objects} mapped objects{default}, {broken} broken", rules.id)
}
