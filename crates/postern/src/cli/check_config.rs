//! `postern check-config`: what the configuration holds, without secrets.

use std::path::Path;

use clap::Args;
use consumer::{AuditSink, IntegrationSettings, Mode, Settings};
use serde::Serialize;

use super::{
    args::Printing,
    failure::Failure,
    output::{Output, names, note},
    words,
};
use crate::config::Config;

/// Arguments of `check-config`.
#[derive(Debug, Args)]
pub(super) struct CheckConfig {
    #[command(flatten)]
    printing: Printing,
}

#[derive(Serialize)]
struct Summary<'a> {
    ok: bool,
    environments: Vec<&'a str>,
    /// The environments where Digital Key for Guests is set up.
    guest_keys: Vec<&'a str>,
    integrations: Vec<IntegrationSummary<'a>>,
    audit: AuditSummary<'a>,
    warnings: &'a [String],
}

#[derive(Serialize)]
struct AuditSummary<'a> {
    to: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    directory: Option<&'a Path>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kept: Option<String>,
}

#[derive(Serialize)]
struct IntegrationSummary<'a> {
    id: &'a str,
    active: bool,
    rehearses: bool,
    environment: &'a str,
    site_uid: &'a str,
    flow: &'static str,
    otp_scheme: &'static str,
    open_from_statuses: &'a [String],
    minutes_before: u32,
    locks: usize,
    default_lock: bool,
    #[serde(skip)]
    mode: Mode,
}

/// Says that a configuration, which was read already, is right.
pub(super) fn run(check: CheckConfig, config: &Config) -> Result<(), Failure> {
    let settings = &config.settings;
    let summary = Summary {
        ok: true,
        environments: settings.environments.keys().map(String::as_str).collect(),
        guest_keys: with_guest_keys(settings),
        integrations: settings.integrations.iter().map(IntegrationSummary::of).collect(),
        audit: AuditSummary::of(settings),
        warnings: &config.warnings,
    };
    for warning in &config.warnings {
        note(&format!("warning: {warning}"));
    }
    Output::new(check.printing).one(&summary, || summary.words())
}

fn with_guest_keys(settings: &Settings) -> Vec<&str> {
    let environments = settings.environments.iter();
    environments.filter(|(_, it)| it.guest_keys.is_some()).map(|(name, _)| name.as_str()).collect()
}

impl<'a> AuditSummary<'a> {
    fn of(settings: &'a Settings) -> Self {
        let kept = Some(humantime::format_duration(settings.retention.audit).to_string());
        match &settings.audit {
            AuditSink::Redis => Self { to: "redis", directory: None, kept },
            AuditSink::Directory(directory) => {
                Self { to: "file", directory: Some(directory), kept }
            }
            AuditSink::Stdout => Self { to: "stdout", directory: None, kept: None },
            AuditSink::Off => Self { to: "off", directory: None, kept: None },
        }
    }

    fn words(&self) -> String {
        let directory = self.directory.map(|it| format!(", in {}", it.display()));
        let kept = self.kept.as_ref().map(|kept| format!(", kept for {kept}"));
        format!("audit: {}{}{}", self.to, directory.unwrap_or_default(), kept.unwrap_or_default())
    }
}

impl<'a> IntegrationSummary<'a> {
    fn of(integration: &'a IntegrationSettings) -> Self {
        Self {
            id: &integration.rules.id,
            active: integration.rules.active,
            rehearses: integration.mode.rehearses(),
            environment: &integration.environment,
            site_uid: &integration.account.site_uid,
            flow: integration.account.sign_in.grant(),
            otp_scheme: integration.account.otp_scheme.as_str(),
            open_from_statuses: &integration.rules.open_from_statuses,
            minutes_before: integration.rules.minutes_before,
            locks: integration.rules.locks.len(),
            default_lock: integration.rules.default_lock.is_some(),
            mode: integration.mode,
        }
    }

    fn words(&self) -> String {
        let Self { id, environment, site_uid, flow, minutes_before, locks, .. } = self;
        let statuses = self.open_from_statuses.join(", ");
        let active = if self.active { "" } else { ", switched off" };
        let rehearses =
            words::rehearses(self.mode).map_or_else(String::new, |how| format!("; {how}"));
        let default = if self.default_lock { " and a default lock" } else { "" };
        format!(
            "  {id}{active}: site {site_uid} ({environment}), flow {flow}, opens from {statuses}, \
             {minutes_before} min before the start; {locks} mapped objects{default}{rehearses}"
        )
    }
}

impl Summary<'_> {
    fn words(&self) -> String {
        let environments = names(&self.environments);
        let mut lines = vec!["ok".to_owned(), format!("environments: {environments}")];
        if !self.guest_keys.is_empty() {
            lines.push(format!("guest keys set up for: {}", self.guest_keys.join(", ")));
        }
        lines.push(self.audit.words());
        lines.push(format!("integrations: {}", self.integrations.len()));
        lines.extend(self.integrations.iter().map(IntegrationSummary::words));
        lines.join("\n")
    }
}
