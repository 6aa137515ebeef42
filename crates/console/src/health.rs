//! The health of an integration in one line, from what postern has stored; Salto is not asked.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use config::IntegrationProblem;
use consumer::{IntegrationSettings, LastError};
use salto::ActivationState;

use crate::{app::App, problem::Problem};

/// An error of an IQ counts for so long.
const RECENT: TimeDelta = TimeDelta::hours(1);

/// How an integration is.
pub(crate) struct Health {
    pub(crate) state: State,
    /// In one line.
    pub(crate) text: String,
    /// What to do; empty where nothing is.
    pub(crate) next_step: String,
    pub(crate) iqs: Vec<Iq>,
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

/// An IQ that postern knows.
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
        Ok(Self::from(integration, pause, iqs.collect(), Utc::now()))
    }

    /// That of an integration that no worker uses.
    pub(crate) fn of_problem(problem: Option<&IntegrationProblem>) -> Self {
        let text = problem.map(|it| format!("No door opens: it {it}.")).unwrap_or_default();
        let next_step = problem.map(|it| it.next_step().to_owned()).unwrap_or_default();
        Self { state: State::NeedsAction, text, next_step, iqs: Vec::new() }
    }

    fn from(
        integration: &IntegrationSettings,
        pause: Duration,
        iqs: Vec<Iq>,
        now: DateTime<Utc>,
    ) -> Self {
        let id = integration.rules.id.as_str();
        let unusable = iqs.iter().find(|iq| iq.state != ActivationState::Activated);
        let failing = iqs.iter().find_map(|iq| {
            let error = iq.last_error.as_ref().filter(|error| now - error.at < RECENT)?;
            Some((iq, error))
        });
        let (state, text, next_step) = if !integration.rules.active {
            (State::Off, "Switched off: no door opens.".into(), String::new())
        } else if !pause.is_zero() {
            (
                State::NeedsAction,
                format!(
                    "Salto asked for a pause: no call is sent for {} s more.",
                    pause.as_secs().max(1)
                ),
                "Wait; `postern pause lift` ends it where Salto did not mean it.".into(),
            )
        } else if iqs.is_empty() {
            (
                State::NeedsAction,
                "No IQ is activated, so doors behind an IQ with one-time passwords stay shut."
                    .into(),
                format!(
                    "`postern iq list --integration {id}` shows the IQs, `postern iq activate --integration {id}` activates one."
                ),
            )
        } else if let Some(iq) = unusable {
            (
                State::NeedsAction,
                format!("The activation of IQ {} is {}.", iq.id, iq.state.code().replace('_', " ")),
                format!("`postern iq list --integration {id}` says the next step."),
            )
        } else if let Some((iq, error)) = failing {
            (
                State::NeedsAction,
                format!("The last command at IQ {} failed: {}.", iq.id, error.detail),
                format!("docs/runbook.md says what to do about {}.", error.reason),
            )
        } else if integration.mode.rehearses() {
            (
                State::Off,
                "Rehearses: requests are handled, and no door opens.".into(),
                String::new(),
            )
        } else {
            (State::Good, "Doors open.".into(), String::new())
        };
        Self { state, text, next_step, iqs }
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
