//! The activation of an IQ: its secret is stored, its PIN is sent to a person, and Salto checks both.

use anyhow::{Context, anyhow};
use salto::{ActivationState, PinDelivery, activation::Step};
use secrecy::SecretString;

use super::steps::ActivationSteps;
use crate::{
    iqs::{IqOverview, NextStep, TargetIq, iq_overview, next_step},
    otp_attempts::OtpResults,
};

/// The activation of one IQ: it is begun, a person gets the PIN, and it is finished with that, now or later.
pub struct IqActivation<'a> {
    target: &'a TargetIq<'a>,
    steps: ActivationSteps<'a>,
}

/// Where an activation is after its begin.
#[derive(Debug)]
pub enum Begun {
    /// The IQ is opened without one-time passwords, so it needs no activation; with the state that is stored.
    NotNeeded(ActivationState),
    /// The IQ is activated already; with what is to be done nevertheless.
    Done(Option<NextStep>),
    /// It is to be finished: with the PIN where a person has it, else without.
    Waiting(Step),
}

impl<'a> IqActivation<'a> {
    /// The activation of an IQ. `send_pin`: Salto sends the PIN in this way, again where it was sent before; else once,
    /// by mail. `force`: also while the user is blocked, or where one more rejection could block it.
    pub fn new(target: &'a TargetIq<'a>, send_pin: Option<PinDelivery>, force: bool) -> Self {
        let results = OtpResults::new(&target.access, &target.iq, force);
        Self { target, steps: ActivationSteps { results, send_pin } }
    }

    /// Begins the activation, or goes on with it.
    ///
    /// # Errors
    /// Salto refuses it, Redis does not answer, or another step is needed first: the error says which.
    pub async fn begin(&self) -> anyhow::Result<Begun> {
        let overview = iq_overview(&self.target.access, &self.target.iq).await?;
        let overview = overview.context("the IQ is no longer in Salto's list")?;
        if overview.listed.as_ref().and_then(|listed| listed.otp_enabled) == Some(false) {
            return Ok(Begun::NotNeeded(overview.state));
        }
        let step = match plan(self.target.integration_id, &overview)? {
            Plan::Begin => self.steps.begin().await,
            Plan::Restart => self.steps.restart(&overview).await,
            Plan::Nothing => Ok(Step::Done),
        };
        Ok(match step.with_context(|| self.not_activated())? {
            Step::Done => Begun::Done(next_step(self.target.integration_id, &overview)),
            step => Begun::Waiting(step),
        })
    }

    /// Has Salto check the PIN, or the stored one where none is given. Then the IQ is activated.
    ///
    /// # Errors
    /// Salto does not accept it, no one-time password may be sent now, or Redis does not answer.
    pub async fn finish(&self, pin: Option<SecretString>) -> anyhow::Result<()> {
        self.steps.finish(pin).await.with_context(|| self.not_activated())
    }

    /// The PIN that is stored, as from Salto's answer.
    pub async fn stored_pin(&self) -> Option<SecretString> {
        self.steps.stored().await?.activation.pin
    }

    /// What an error of these steps begins with.
    pub fn not_activated(&self) -> String {
        format!("IQ {} is not activated yet", self.target.iq)
    }
}

/// What is done.
enum Plan {
    /// Begins the activation, or goes on with it.
    Begin,
    /// Begins anew, provided that Salto has reset the activation.
    Restart,
    /// The IQ is activated, and nothing says that its doors stay shut.
    Nothing,
}

/// What helps in this state. Fails with the next step where an activation does not help.
fn plan(integration_id: &str, overview: &IqOverview) -> anyhow::Result<Plan> {
    let step = next_step(integration_id, overview);
    let restore = overview.listed.as_ref().and_then(|listed| listed.restore_required);
    match overview.state {
        ActivationState::NotActivated | ActivationState::PendingPin => Ok(Plan::Begin),
        ActivationState::Degraded | ActivationState::ReactivationRequired
            if restore != Some(true) =>
        {
            Ok(Plan::Restart)
        }
        ActivationState::Activated if overview.activated_at_salto == Some(false) => {
            Ok(Plan::Restart)
        }
        ActivationState::Activated
        | ActivationState::Degraded
        | ActivationState::ReactivationRequired => match step {
            Some(step) if step.doors_shut => Err(anyhow!("{}: {}", step.problem, step.next)),
            Some(_) | None => Ok(Plan::Nothing),
        },
    }
}
