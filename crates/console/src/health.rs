//! The health of an integration in one line, from what postern has stored; Salto is not asked.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use config::IntegrationProblem;
use consumer::{IntegrationSettings, LastError};
use events::IntegrationState;
use salto::ActivationState;

use crate::{app::App, problem::Problem};

/// An error of an IQ is mentioned for so long.
const RECENT: TimeDelta = TimeDelta::hours(1);

/// How an integration is.
pub(crate) struct Health {
    pub(crate) state: State,
    /// In one line.
    pub(crate) text: String,
    /// What to do; empty where nothing is.
    pub(crate) next_step: String,
    /// Whether Salto accepts the account, as far as the workers know.
    pub(crate) account_works: bool,
    pub(crate) iqs: Vec<Iq>,
}

/// What an integration is set up to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Off,
    Rehearses,
    Live,
}

/// What is stored about all doors of an integration.
#[derive(Default)]
struct Stored {
    pause: Duration,
    told: Option<IntegrationState>,
}

/// What its doors do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// They open.
    Good,
    /// They are not to open.
    Off,
    /// They do not open, or may not, until a person acts.
    NeedsAction,
}

/// An IQ whose activation is stored, or that a command was meant for.
pub(crate) struct Iq {
    pub(crate) id: String,
    pub(crate) state: ActivationState,
    pub(crate) last_error: Option<LastError>,
}

impl Health {
    /// Reads the state of the integration.
    ///
    /// # Errors
    ///
    /// Redis away, or records that `secrets.key` does not decrypt.
    pub(crate) async fn of(app: &App, integration: &IntegrationSettings) -> Result<Self, Problem> {
        let id = integration.rules.id.as_str();
        let pause = app.lookup.pause(id).await?;
        let told = app.lookup.told_state(id).await?;
        let mut errors = app.last_errors.by_iq(id).await?;
        let activations = app.activations.list(id).await.map_err(|error| {
            tracing::warn!(%error, "console: activations cannot be read");
            Problem::unavailable(
                "activations_unreadable",
                "the activations in Redis cannot be read: is Redis away, or secrets.key another one than the workers have?",
            )
        })?;
        let iqs = activations.into_iter().map(|(id, stored)| Iq {
            state: stored.activation.state,
            last_error: errors.remove(&id),
            id,
        });
        let mut iqs: Vec<_> = iqs.collect();
        // A command was to be sent to an IQ without an activation: its door stayed shut.
        iqs.extend(errors.into_iter().map(|(id, error)| Iq {
            state: ActivationState::NotActivated,
            last_error: Some(error),
            id,
        }));
        let mode = match (integration.rules.active, integration.mode.rehearses()) {
            (false, _) => Mode::Off,
            (true, true) => Mode::Rehearses,
            (true, false) => Mode::Live,
        };
        Ok(Self::from(id, mode, &Stored { pause, told }, iqs, Utc::now()))
    }

    /// That of an integration that no worker uses.
    pub(crate) fn of_problem(problem: Option<&IntegrationProblem>) -> Self {
        let text = problem.map(|it| format!("No door opens: it {it}.")).unwrap_or_default();
        let next_step = problem.map(|it| it.next_step().to_owned()).unwrap_or_default();
        Self { state: State::NeedsAction, text, next_step, account_works: false, iqs: Vec::new() }
    }

    fn from(id: &str, mode: Mode, stored: &Stored, iqs: Vec<Iq>, now: DateTime<Utc>) -> Self {
        let (state, text, next_step) = if mode == Mode::Off {
            (State::Off, "Switched off: no door opens.".to_owned(), String::new())
        } else if let Some((text, next_step)) = stored.problem(id).or_else(|| of_iqs(id, &iqs, now))
        {
            (State::NeedsAction, text, next_step)
        } else if mode == Mode::Rehearses {
            let text = "Rehearses: requests are handled, and no door opens.";
            (State::Off, text.to_owned(), String::new())
        } else {
            (State::Good, format!("Doors open.{}", last_error(&iqs, now)), String::new())
        };
        let account_works = stored.told != Some(IntegrationState::CredentialsRejected);
        Self { state, text, next_step, account_works, iqs }
    }
}

impl Stored {
    /// What keeps all doors of the integration shut, and the next step.
    fn problem(&self, id: &str) -> Option<(String, String)> {
        if !self.pause.is_zero() {
            let seconds = self.pause.as_secs().max(1);
            return Some((
                format!("Salto asked for a pause: no call is sent for {seconds} s more."),
                format!(
                    "Wait; `postern pause lift --integration {id}` ends it where Salto did not mean it."
                ),
            ));
        }
        let (text, next_step) = match self.told? {
            IntegrationState::Ok => return None,
            IntegrationState::CredentialsRejected => (
                "No door opens: Salto rejects the account.",
                format!(
                    "Correct user name and password, or run `postern login --integration {id}` where a person signs in."
                ),
            ),
            IntegrationState::UserSuspended => (
                "No door opens: the system user's seat at Salto is suspended.",
                "Renew it in Salto KS.".to_owned(),
            ),
            IntegrationState::UserBlocked => (
                "No door opens: the system user is blocked at the site.",
                "Unblock it in Salto KS.".to_owned(),
            ),
            IntegrationState::RemoteAccessOff => (
                "No door opens: the system user may not open doors remotely.",
                "Switch remote access on for it in Salto KS.".to_owned(),
            ),
            IntegrationState::SaltoUnavailable => (
                "No door opens: Salto gives no usable answer.",
                "Wait; https://status.saltoks.com has Salto's own reports.".to_owned(),
            ),
        };
        Some((text.to_owned(), next_step))
    }
}

/// What keeps doors behind an IQ shut, and the next step.
fn of_iqs(id: &str, iqs: &[Iq], now: DateTime<Utc>) -> Option<(String, String)> {
    let list = format!("`postern iq list --integration {id}` says the next step.");
    if iqs.iter().all(|iq| iq.state == ActivationState::NotActivated) {
        let text = "No IQ is activated, so doors behind an IQ with one-time passwords stay shut.";
        return Some((text.to_owned(), list));
    }
    // Without an activation, an IQ counts while its doors are asked for.
    let is_shut = |iq: &&Iq| match iq.state {
        ActivationState::Activated => false,
        ActivationState::NotActivated => {
            iq.recent_error(now).is_some_and(|error| error.reason == "iq_not_activated")
        }
        ActivationState::PendingPin
        | ActivationState::Degraded
        | ActivationState::ReactivationRequired => true,
    };
    let iq = iqs.iter().find(is_shut)?;
    let state = iq.state.code().replace('_', " ");
    Some((format!("Doors behind the IQ {} may stay shut: it is {state}.", iq.id), list))
}

/// The youngest recent error. Later commands may have opened doors: it alone needs no action.
fn last_error(iqs: &[Iq], now: DateTime<Utc>) -> String {
    let errors = iqs.iter().filter_map(|iq| Some((iq, iq.recent_error(now)?)));
    let youngest = errors.max_by_key(|(_, error)| error.at);
    let text = youngest.map(|(iq, error)| {
        let minutes = (now - error.at).num_minutes().max(0);
        format!(" The last error was {minutes} min ago, at the IQ {}: {}.", iq.id, error.detail)
    });
    text.unwrap_or_default()
}

impl Iq {
    fn recent_error(&self, now: DateTime<Utc>) -> Option<&LastError> {
        self.last_error.as_ref().filter(|error| now - error.at < RECENT)
    }
}

impl State {
    /// The word that stands for it on pages.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Good => "Good",
            Self::Off => "Off",
            Self::NeedsAction => "Needs action",
        }
    }

    /// Its class in the stylesheet.
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Good => "badge good",
            Self::Off => "badge off",
            Self::NeedsAction => "badge action",
        }
    }
}

#[cfg(test)]
mod tests;
