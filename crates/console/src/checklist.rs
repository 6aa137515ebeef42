//! From a new integration to an open door: the steps in their order, as far as stored data tells.

use consumer::{IntegrationSettings, audit::AuditOutcome};
use salto::ActivationState;

use crate::{
    access::caller::Caller,
    app::App,
    audit_search::{AuditFilter, check_readable, find},
    health::Health,
    problem::Problem,
};

/// A step.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) state: StepState,
    /// What is, or what to do; with code between backticks.
    pub(crate) text: String,
}

/// The state of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StepState {
    Done,
    ToDo,
    /// It may be left out.
    Optional,
}

const fn done_if(done: bool) -> StepState {
    if done { StepState::Done } else { StepState::ToDo }
}

const fn optional(set: bool) -> StepState {
    if set { StepState::Done } else { StepState::Optional }
}

/// The steps.
///
/// # Errors
///
/// Redis away.
pub(crate) async fn steps(
    app: &App,
    caller: &Caller,
    integration: &IntegrationSettings,
    health: &Health,
) -> Result<Vec<Step>, Problem> {
    let opened = first_opening(app, caller, &integration.rules.id).await?;
    let mut steps = connection_steps(integration, health);
    steps.extend(rule_steps(&integration.rules));
    steps.extend(live_steps(integration, opened));
    Ok(steps)
}

fn step(name: &'static str, state: StepState, text: String) -> Step {
    Step { name, state, text }
}

/// Account, IQ and doors.
fn connection_steps(integration: &IntegrationSettings, health: &Health) -> Vec<Step> {
    let rules = &integration.rules;
    let (id, mapped) = (rules.id.as_str(), rules.locks.len());
    let activated = health.iqs.iter().filter(|iq| iq.state == ActivationState::Activated).count();
    vec![
        step(
            "Account and site",
            done_if(health.account_works),
            format!(
                "Site {} in {}. “Test access” tries the account and checks its rights.",
                integration.account.site_uid, integration.environment
            ),
        ),
        step(
            "IQ activated",
            done_if(activated > 0),
            match activated {
                0 => format!(
                    "`postern iq activate --integration {id}` asks Salto for a PIN and stores the secret."
                ),
                count => format!("{count} of {} IQs known here.", health.iqs.len()),
            },
        ),
        step(
            "Mapping",
            done_if(mapped > 0 || rules.default_lock.is_some()),
            format!(
                "{mapped} objects have a lock{}. `postern mapping check --integration {id}` asks Salto about each.",
                if rules.default_lock.is_some() {
                    ", and all others have the default lock"
                } else {
                    ""
                }
            ),
        ),
    ]
}

/// What the booking system has to say.
fn rule_steps(rules: &rules::IntegrationRules) -> Vec<Step> {
    vec![
        step(
            "Statuses",
            done_if(!rules.open_from_statuses.is_empty()),
            format!("Bookings open doors in: {}.", rules.open_from_statuses.join(", ")),
        ),
        step(
            "Check-in status",
            optional(rules.check_in_status.is_some()),
            "What the booking system sets at the first opening.".to_owned(),
        ),
        step(
            "Field for the time of the opening",
            optional(rules.record_opened_at_in.is_some()),
            "Where the booking system records it.".to_owned(),
        ),
    ]
}

/// Whether it opens doors, and has opened one.
fn live_steps(integration: &IntegrationSettings, opened: Option<bool>) -> Vec<Step> {
    let (rules, id) = (&integration.rules, integration.rules.id.as_str());
    vec![
        step("Active", done_if(rules.active), "`active` in the configuration.".to_owned()),
        step(
            "Live",
            done_if(!integration.mode.rehearses()),
            "`mode = \"live\"` opens doors; `\"rehearse\"` does not.".to_owned(),
        ),
        step(
            "First opening",
            done_if(opened == Some(true)),
            match opened {
                Some(true) => "A guest's request has opened a door.".to_owned(),
                Some(false) => format!(
                    "`postern publish booking-status` and `open-request --integration {id}` try it from end to end."
                ),
                None => "The audit is not in Redis, so it is not known here.".to_owned(),
            },
        ),
    ]
}

/// Whether a door was opened for a request, as far back as the audit is read; nothing where it is elsewhere.
async fn first_opening(app: &App, caller: &Caller, id: &str) -> Result<Option<bool>, Problem> {
    if check_readable(app).is_err() {
        return Ok(None);
    }
    let filter = AuditFilter {
        integration: Some(id.to_owned()),
        outcome: Some(AuditOutcome::Opened.code().to_owned()),
        limit: Some(1),
        ..AuditFilter::default()
    };
    let found = find(app, caller, &filter, |entry| !entry.rehearsal && entry.operator.is_none());
    Ok(Some(!found.await?.entries.is_empty()))
}
