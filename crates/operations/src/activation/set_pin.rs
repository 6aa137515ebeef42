//! Changes the PIN of an activated IQ.

use anyhow::{Context, bail};
use salto::{ActivationState, activation::Stored};
use secrecy::SecretString;

use super::pin_change;
use crate::{
    iqs::TargetIq,
    otp_attempts::{OtpAttempts, OtpResults},
};

/// A change of the PIN of an activated IQ.
pub struct PinChange<'a> {
    target: &'a TargetIq<'a>,
    stored: Stored,
}

impl<'a> PinChange<'a> {
    /// Begins it; nothing is sent yet.
    ///
    /// # Errors
    /// The IQ is not activated, or Redis does not answer.
    pub async fn begin(target: &'a TargetIq<'a>) -> anyhow::Result<Self> {
        let stored = target.access.activations.get(target.integration_id, &target.iq).await;
        let stored = stored.context("the stored activation cannot be read")?;
        Ok(Self { target, stored: activated(stored)? })
    }

    /// The PIN of a change that was interrupted.
    pub fn interrupted(&self) -> Option<&SecretString> {
        self.stored.activation.new_pin.as_ref()
    }

    /// Sends the change, and has Salto check the PIN. Returns whether it was another one before. `force`: also while the
    /// user is blocked, or where one more rejection could block it.
    ///
    /// # Errors
    /// Salto refuses it, no one-time password may be sent now, or Redis does not answer. Where it is not known whether
    /// the PIN was changed, both are kept, and the change is to be made again.
    pub async fn finish(self, new_pin: &SecretString, force: bool) -> anyhow::Result<bool> {
        let results = OtpResults::new(&self.target.access, &self.target.iq, force);
        let attempts = OtpAttempts::begin(results).await?;
        let changed = change(&attempts, &self.stored, new_pin).await;
        attempts.end().await;
        changed
    }
}

/// Changes the PIN, unless another command has changed the activation since it was read.
async fn change(
    attempts: &OtpAttempts<'_>,
    read: &Stored,
    new_pin: &SecretString,
) -> anyhow::Result<bool> {
    let OtpResults { access, iq, .. } = &attempts.results;
    let stored = access.activations.get(access.site.integration_id(), iq).await?;
    match stored {
        Some(stored) if stored.sealed() == read.sealed() => {
            pin_change::set(attempts, stored, new_pin).await
        }
        Some(_) | None => bail!(
            "another command changed this IQ's activation just now; check `postern iq list`, and \
             run this command again"
        ),
    }
}

/// The activation, where its PIN can be changed.
fn activated(stored: Option<Stored>) -> anyhow::Result<Stored> {
    const NOT_HERE: &str = "the IQ is not activated here: run `postern iq activate`, or `postern iq \
                            adopt` if you know its secret and PIN";
    let stored = stored.context(NOT_HERE)?;
    match stored.activation.state {
        ActivationState::Activated | ActivationState::Degraded => Ok(stored),
        ActivationState::NotActivated => bail!(NOT_HERE),
        ActivationState::PendingPin => {
            bail!("the IQ is not activated yet: run `postern iq activate` again first")
        }
        ActivationState::ReactivationRequired => bail!(
            "the stored secret and PIN are no longer valid: restore the IQ in Salto KS, then run \
             `postern iq activate`"
        ),
    }
}
