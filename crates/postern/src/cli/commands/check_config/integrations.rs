//! The settings of an integration, `[[integrations]]`.

use std::collections::{BTreeMap, BTreeSet};

use consumer::{IntegrationSettings, Mode, Rehearsal};
use operations::text::rehearsal_text;
use rules::{IntegrationRules, LockRef};
use salto::SignIn;
use serde::Serialize;

use super::sections::{self, SET};

/// The settings of an integration: those in its first line of text, and the others.
#[derive(Serialize)]
pub(super) struct IntegrationSummary<'a> {
    id: &'a str,
    active: bool,
    rehearses: bool,
    environment: &'a str,
    site_uid: &'a str,
    flow: &'static str,
    otp_scheme: &'static str,
    open_from_statuses: &'a [String],
    minutes_before: u32,
    /// The number of mapped objects.
    locks: usize,
    /// Whether there is one.
    default_lock: bool,
    #[serde(flatten)]
    pub(super) details: IntegrationDetails<'a>,
    #[serde(skip)]
    rehearsal: Option<&'static str>,
}

/// The settings that are not in the first line of text.
#[derive(Serialize)]
pub(super) struct IntegrationDetails<'a> {
    mode: &'static str,
    rehearse_with: Option<&'static str>,
    username: Option<&'a str>,
    password: Option<&'static str>,
    redirect_uri: Option<&'a str>,
    check_in_status: Option<&'a str>,
    record_opened_at_in: Option<&'a str>,
    minutes_after: u32,
    /// The names of locks that are mapped by their names at Salto.
    locks_by_name: Vec<&'a str>,
    shared_doors: &'a BTreeMap<String, Vec<String>>,
    ask_entries: bool,
    warn_before: String,
    confirm_openings: &'static str,
}

impl<'a> IntegrationSummary<'a> {
    pub(super) fn of(integration: &'a IntegrationSettings) -> Self {
        let IntegrationSettings { rules, mode, account, .. } = integration;
        Self {
            id: &rules.id,
            active: rules.active,
            rehearses: mode.rehearses(),
            environment: &integration.environment,
            site_uid: &account.site_uid,
            flow: account.sign_in.grant(),
            otp_scheme: account.otp_scheme.as_str(),
            open_from_statuses: &rules.open_from_statuses,
            minutes_before: rules.minutes_before,
            locks: rules.locks.len(),
            default_lock: rules.default_lock.is_some(),
            details: IntegrationDetails::of(integration),
            rehearsal: rehearsal_text(*mode),
        }
    }

    /// The first line of text.
    pub(super) fn line(&self) -> String {
        let Self { id, environment, site_uid, flow, otp_scheme, minutes_before, locks, .. } = self;
        let statuses = self.open_from_statuses.join(", ");
        let active = if self.active { "" } else { ", switched off" };
        let rehearsal = self.rehearsal.map_or_else(String::new, |text| format!("; {text}"));
        let default = if self.default_lock { " and a default lock" } else { "" };
        format!(
            "  {id}{active}: site {site_uid} ({environment}), flow {flow}, opens from {statuses}, \
             {minutes_before} min before the start; {locks} mapped objects{default}; one-time \
             passwords {otp_scheme}{rehearsal}"
        )
    }
}

impl<'a> IntegrationDetails<'a> {
    fn of(integration: &'a IntegrationSettings) -> Self {
        let (mode, rehearse_with) = match integration.mode {
            Mode::Live => ("live", None),
            Mode::Rehearsal(Rehearsal::Probe) => ("rehearse", Some("probe")),
            Mode::Rehearsal(Rehearsal::Nothing) => ("rehearse", Some("nothing")),
        };
        let (username, password, redirect_uri) = match &integration.account.sign_in {
            SignIn::Password { username, .. } => (Some(username.as_str()), Some(SET), None),
            SignIn::Browser { redirect_uri } => (None, None, Some(redirect_uri.as_str())),
        };
        Self {
            mode,
            rehearse_with,
            username,
            password,
            redirect_uri,
            check_in_status: integration.rules.check_in_status.as_deref(),
            record_opened_at_in: integration.rules.record_opened_at_in.as_deref(),
            minutes_after: integration.rules.minutes_after,
            locks_by_name: locks_by_name(&integration.rules),
            shared_doors: &integration.rules.shared_doors,
            ask_entries: integration.ask_entries,
            warn_before: sections::text(integration.warn_before),
            confirm_openings: integration.confirm_openings.code(),
        }
    }
}

/// Each name once. Whether the site has exactly one lock of it, only Salto knows: `mapping check` asks.
fn locks_by_name(rules: &IntegrationRules) -> Vec<&str> {
    let locks = rules.locks.values().chain(&rules.default_lock);
    let names: BTreeSet<&str> = locks.filter_map(LockRef::name).collect();
    names.into_iter().collect()
}
