//! The steps of an activation at Salto, with what their answers say recorded.

use anyhow::anyhow;
use salto::{
    Cause, PinDelivery,
    activation::{self, ActivateError, Step, Stored},
};
use secrecy::SecretString;

use crate::{
    iqs::{IqOverview, PIN_NOT_RECEIVED, RESET_AT_SALTO, next_step},
    otp_attempts::{OtpAttempts, OtpResults},
};

/// The activation of one IQ.
pub(super) struct ActivationSteps<'a> {
    pub(super) results: OtpResults<'a>,
    pub(super) send_pin: Option<PinDelivery>,
}

impl ActivationSteps<'_> {
    /// Begins the activation, or goes on with it.
    pub(super) async fn begin(&self) -> anyhow::Result<Step> {
        let OtpResults { access, iq, .. } = &self.results;
        match activation::begin(&access.site, &access.activations, iq, self.send_pin).await {
            Ok(step) => Ok(step),
            Err(error) => Err(self.record_begin_failure(error).await),
        }
    }

    /// Begins anew where Salto has reset the activation; fails with the next step where it has not.
    pub(super) async fn restart(&self, overview: &IqOverview) -> anyhow::Result<Step> {
        let OtpResults { access, iq, .. } = &self.results;
        let begun = activation::restart(&access.site, &access.activations, iq, self.send_pin).await;
        match begun {
            Ok(step) => {
                access
                    .observer
                    .note("Salto has reset the activation of this user, and gave a new secret");
                if let Some(stored) = self.stored().await {
                    self.results.record_new_secret(&stored).await;
                }
                Ok(step)
            }
            Err(ActivateError::AlreadyActivatedAtSalto) => {
                let at_salto = IqOverview { activated_at_salto: Some(true), ..overview.clone() };
                Err(match next_step(access.site.integration_id(), &at_salto) {
                    Some(step) => anyhow!("{}: {}", step.problem, step.next),
                    None => anyhow!(
                        "Salto's list says that the user is not activated at this IQ, and Salto gives no \
                         new secret: run `postern iq probe`"
                    ),
                })
            }
            Err(error) => Err(self.record_begin_failure(error).await),
        }
    }

    /// Has Salto check the PIN, or the stored one where there is none, while no other operation sends a one-time
    /// password to the IQ.
    pub(super) async fn finish(&self, pin: Option<SecretString>) -> anyhow::Result<()> {
        let attempts = OtpAttempts::begin(self.results).await?;
        let finished = self.check(&attempts, pin).await;
        attempts.end().await;
        finished
    }

    async fn check(
        &self,
        attempts: &OtpAttempts<'_>,
        pin: Option<SecretString>,
    ) -> anyhow::Result<()> {
        let OtpResults { access, iq, .. } = &self.results;
        attempts.may_send().await?;
        access.observer.note("having Salto check secret and PIN");
        match activation::finish(&access.site, &access.activations, iq, pin).await {
            Ok(()) => {
                if let Some(stored) = self.stored().await {
                    self.results.record_accepted(&stored).await;
                }
                Ok(())
            }
            Err(error) => Err(self.record_failure(error).await),
        }
    }

    /// The stored record. That it cannot be read is only a note: what was done stays done.
    pub(super) async fn stored(&self) -> Option<Stored> {
        let OtpResults { access, iq, .. } = &self.results;
        let stored = access.activations.get(access.site.integration_id(), iq).await;
        stored.unwrap_or_else(|error| {
            access
                .observer
                .note(&format!("warning: the stored activation cannot be read: {error}"));
            None
        })
    }

    /// As [`Self::record_failure`], before the PIN is checked: an IQ that is offline is asked for its PIN.
    async fn record_begin_failure(&self, error: ActivateError) -> anyhow::Error {
        match &error {
            ActivateError::Call(call) if call.cause == Cause::IqOffline => {
                let text = format!("{call}; {PIN_NOT_RECEIVED}");
                self.record_failure(error).await;
                anyhow!(text)
            }
            ActivateError::Call(_)
            | ActivateError::AlreadyActivatedAtSalto
            | ActivateError::PinMalformed
            | ActivateError::PinMissing
            | ActivateError::NotStarted
            | ActivateError::PinRefused
            | ActivateError::Changed
            | ActivateError::Store(_) => self.record_failure(error).await,
        }
    }

    /// Records the failure, and returns it with the advice for it.
    async fn record_failure(&self, error: ActivateError) -> anyhow::Error {
        let results = &self.results;
        match &error {
            ActivateError::Call(error) => {
                results.record_error(error.cause, error.to_string(), None).await;
                return results.access.error_with_advice(error).await;
            }
            ActivateError::PinRefused => {
                let detail = "Salto does not accept the PIN".to_owned();
                results.record_error(Cause::OtpInvalid, detail, None).await;
            }
            ActivateError::AlreadyActivatedAtSalto => {
                results.access.observer.note(&already_activated())
            }
            ActivateError::PinMalformed
            | ActivateError::PinMissing
            | ActivateError::NotStarted
            | ActivateError::Changed
            | ActivateError::Store(_) => {}
        }
        error.into()
    }
}

fn already_activated() -> String {
    format!(
        "\
This user was activated at the IQ before, by another program or in Salto's app, and postern does not
have the secret of that activation. There are three solutions:
  1. Secret and PIN are known, from another program or a backup: postern iq adopt stores them. With an
     active device of the user, postern iq adopt --device-code asks Salto for the secret (unproven).
  2. Undo the activation, then run postern iq activate again: {RESET_AT_SALTO}. The
     program that has opened doors as this user so far can no longer do so.
  3. Use another system user, which was never activated at this IQ: set its username and password in
     the integration, then run postern iq activate again."
    )
}
