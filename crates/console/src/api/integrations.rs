//! Integrations, without their secrets.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use consumer::{IntegrationSettings, Mode, Rehearsal};
use rules::LockRef;
use salto::SignIn;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{access::caller::Caller, app::App, problem::Problem, routing::extract::PathParameters};

/// The integrations that the caller may see.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IntegrationList {
    /// In the order of their ids.
    integrations: Vec<Integration>,
}

/// An integration, without its secrets.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Integration {
    /// Its id, which events name.
    pub(crate) id: String,
    /// Where it is set up: `file`, the configuration file.
    pub(crate) source: &'static str,
    /// Whether requests are handled at all.
    pub(crate) active: bool,
    /// `live`; or `rehearse`, where no door opens.
    pub(crate) mode: &'static str,
    /// In a rehearsal `probe` or `nothing`: what replaces the command.
    pub(crate) rehearse_with: Option<&'static str>,
    /// The environment at Salto.
    pub(crate) environment: String,
    /// The site's UID, as Salto shows it.
    pub(crate) site_uid: String,
    /// The user at Salto, where postern signs in with a password.
    pub(crate) username: Option<String>,
    /// How one-time passwords are made.
    pub(crate) otp_scheme: &'static str,
    /// The statuses in which a booking opens doors.
    pub(crate) open_from_statuses: Vec<String>,
    /// Minutes before a booking's start from which its doors open.
    pub(crate) minutes_before: u32,
    /// Minutes after a booking's end until which its doors open.
    pub(crate) minutes_after: u32,
    /// The status that the booking system is to set at the first opening.
    pub(crate) check_in_status: Option<String>,
    /// The field of the booking in which the booking system is to record the time of the opening.
    pub(crate) record_opened_at_in: Option<String>,
    /// The lock of each object: its id or name at Salto.
    pub(crate) locks: BTreeMap<String, String>,
    /// The lock of all other objects.
    pub(crate) default_lock: Option<String>,
    /// Doors that come with other objects: the objects with which each comes; `*` is every object.
    pub(crate) shared_doors: BTreeMap<String, Vec<String>>,
    /// How openings are confirmed: `off`, `stream` or `entries`.
    pub(crate) confirm_openings: &'static str,
    /// Seconds before its start from which a booking at risk is reported; 0 where none is.
    pub(crate) warn_before_seconds: u64,
}

impl Integration {
    pub(crate) fn of(settings: &IntegrationSettings) -> Self {
        let IntegrationSettings { rules, mode, account, .. } = settings;
        let (mode, rehearse_with) = match mode {
            Mode::Live => ("live", None),
            Mode::Rehearsal(Rehearsal::Probe) => ("rehearse", Some("probe")),
            Mode::Rehearsal(Rehearsal::Nothing) => ("rehearse", Some("nothing")),
        };
        let username = match &account.sign_in {
            SignIn::Password { username, .. } => Some(username.clone()),
            SignIn::Browser { .. } => None,
        };
        Self {
            id: rules.id.clone(),
            source: "file",
            active: rules.active,
            mode,
            rehearse_with,
            environment: settings.environment.clone(),
            site_uid: account.site_uid.clone(),
            username,
            otp_scheme: account.otp_scheme.as_str(),
            open_from_statuses: rules.open_from_statuses.clone(),
            minutes_before: rules.minutes_before,
            minutes_after: rules.minutes_after,
            check_in_status: rules.check_in_status.clone(),
            record_opened_at_in: rules.record_opened_at_in.clone(),
            locks: rules.locks.iter().map(|(object, lock)| (object.clone(), text(lock))).collect(),
            default_lock: rules.default_lock.as_ref().map(text),
            shared_doors: rules.shared_doors.clone(),
            confirm_openings: settings.confirm_openings.code(),
            warn_before_seconds: settings.warn_before.as_secs(),
        }
    }
}

/// The lock's id, or its name.
pub(crate) fn text(lock: &LockRef) -> String {
    match lock {
        LockRef::Id(id) => id.to_string(),
        LockRef::Name(name) => name.clone(),
    }
}

pub(crate) async fn list(State(app): State<App>, caller: Caller) -> Json<IntegrationList> {
    Json(IntegrationList { integrations: seen_by(&app, &caller) })
}

/// The integrations that the caller may see, in the order of their ids.
pub(crate) fn seen_by(app: &App, caller: &Caller) -> Vec<Integration> {
    let all = app.settings.integrations.iter().filter(|it| caller.grant.covers(&it.rules.id));
    let mut seen: Vec<Integration> = all.map(Integration::of).collect();
    seen.sort_by(|one, other| one.id.cmp(&other.id));
    seen
}

pub(crate) async fn get(
    State(app): State<App>,
    PathParameters(id): PathParameters<String>,
) -> Result<Json<Integration>, Problem> {
    Ok(Json(Integration::of(app.integration(&id)?)))
}
