//! `postern mapping check`: whether the lock of every mapped object can be opened.

use clap::Args;
use consumer::{IntegrationSettings, Settings};
use operations::{
    connections::site_access,
    mapping::{MappingFinding, MappingFindingKind, Severity, check_mapping},
    one_line,
};

use crate::cli::{
    arguments::output_format::OutputFlag,
    failure::CommandFailure,
    terminal::{
        observer::TerminalObserver,
        output::{Output, print_note},
    },
};

/// Arguments of `mapping check`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Reads the locks and IQs of each integration's site from Salto. Broken is what prevents an opening: \
objects that are mapped to locks which the site does not have, locks without an IQ, IQs that are not \
activated here or whose one-time passwords are rejected. Only a note are: no default lock, several \
objects on one lock, an integration that is switched off.

Each finding says what to do. Exit status: 1 where something is broken, else 0.

Examples:
  postern mapping check
  postern mapping check --integration acme --output json")]
pub(crate) struct CheckArguments {
    /// Check only this integration [default: all].
    #[arg(long = "integration", value_name = "ID")]
    integration_id: Option<String>,
    #[command(flatten)]
    output: OutputFlag,
}

/// Checks the mappings and prints the findings, with a summary on standard error.
pub(super) async fn run(
    arguments: CheckArguments,
    settings: &Settings,
) -> Result<(), CommandFailure> {
    let output = Output::new(arguments.output);
    let mut broken = false;
    for integration in
        site_access::selected_integrations(settings, arguments.integration_id.as_deref())?
    {
        let findings = findings(settings, integration).await.unwrap_or_else(|error| {
            let text = format!("it could not be checked: {}", one_line(&error));
            let next = "correct this, then check again".to_owned();
            vec![MappingFinding::new(
                &integration.rules.id,
                MappingFindingKind::NotChecked,
                text,
                next,
            )]
        });
        findings.iter().try_for_each(|finding| output.print(finding, || finding_text(finding)))?;
        let count = findings.iter().filter(|finding| finding.is_broken()).count();
        broken |= count > 0;
        print_note(&summary(integration, count));
    }
    if broken { Err(CommandFailure::AlreadyReported) } else { Ok(()) }
}

async fn findings(
    settings: &Settings,
    integration: &IntegrationSettings,
) -> anyhow::Result<Vec<MappingFinding>> {
    let access = site_access::open_integration(settings, integration, &TerminalObserver).await?;
    check_mapping(&access).await
}

fn summary(integration: &IntegrationSettings, broken: usize) -> String {
    let rules = &integration.rules;
    let default = if rules.default_lock.is_some() { " and a default lock" } else { "" };
    let objects = rules.locks.len();
    let broken = if broken == 0 { "nothing".to_owned() } else { broken.to_string() };
    format!("{}: {objects} mapped objects{default}, {broken} broken", rules.id)
}

/// The finding with its next step, for people.
fn finding_text(finding: &MappingFinding) -> String {
    let severity = match finding.severity {
        Severity::Broken => "BROKEN",
        Severity::Note => "note",
    };
    let MappingFinding { integration_id, text, next, .. } = finding;
    format!("{integration_id}: {severity}: {text}\n    {next}")
}
