//! A change of the PIN of an IQ that can be continued after any interruption.
//!
//! The new PIN is stored beside the old one before it is sent to Salto. Only a one-time password shows
//! which of them is valid, so one is sent after the change, and first of all where a change was
//! interrupted. The IQ is leased for all of this: a change by another operator after the answer would
//! make the stored PIN wrong.

use anyhow::{Context, anyhow, bail};
use salto::{
    Activation, ActivationState, Cause,
    activation::{KEEP_PIN, Stored, delta},
};
use secrecy::{ExposeSecret, SecretString};

use crate::otp_attempts::{OtpAttempts, OtpInput, OtpResults};

const RUN_AGAIN: &str = "both PINs are kept; run `postern iq set-pin` again, which finds out which \
                         of them is valid and continues";

/// Changes the PIN to `wanted`. Returns whether it was another one before.
pub(super) async fn set(
    attempts: &OtpAttempts<'_>,
    stored: Stored,
    wanted: &SecretString,
) -> anyhow::Result<bool> {
    let stored = determine_valid_pin(attempts, stored).await?;
    let Activation { secret, pin, .. } = &stored.activation;
    let pin = pin.as_ref().context("no PIN is stored")?;
    if pin.expose_secret() == wanted.expose_secret() {
        return Ok(false);
    }
    let delta = delta(pin, wanted).context("a PIN is exactly four digits")?;
    attempts.results.refuse_where_block_is_near().await?;
    let both = Activation { new_pin: Some(wanted.clone()), ..stored.activation.clone() };
    let both = replace(attempts, &stored, &both).await?;

    attempts.results.access.observer.note("sending the change of the PIN to Salto");
    if let Err(error) = attempts.send(&OtpInput { secret, pin, of: Some(&both) }, &delta).await? {
        if may_have_changed_the_pin(error.cause) {
            return Err(anyhow!(
                "it is not known whether the PIN was changed: {error}; {RUN_AGAIN}"
            ));
        }
        // Where this fails, the next run finds out which PIN is valid.
        let _ = replace(attempts, &both, &stored.activation).await;
        return Err(anyhow!("the PIN was not changed: {error}"));
    }
    let current = determine_valid_pin(attempts, both).await?;
    if current.activation.pin.is_some_and(|pin| pin.expose_secret() == wanted.expose_secret()) {
        return Ok(true);
    }
    bail!(
        "Salto confirmed the change of the PIN, but accepts the old one and not the new one: cloud \
         and IQ may disagree; the old PIN is kept, and the IQ can be used"
    )
}

/// Where a change was started, finds out which PIN is valid, and keeps only that one.
async fn determine_valid_pin(attempts: &OtpAttempts<'_>, stored: Stored) -> anyhow::Result<Stored> {
    let Activation { secret, pin: old, new_pin: new, .. } = &stored.activation;
    let (Some(old), Some(new)) = (old, new) else { return Ok(stored) };
    attempts.results.access.observer.note("checking at Salto which PIN is valid");
    for (pin, of) in [(new, None), (old, Some(&stored))] {
        let answer = attempts.send(&OtpInput { secret, pin, of }, KEEP_PIN).await;
        match answer.context(RUN_AGAIN)? {
            Ok(()) => {
                let valid = Activation {
                    state: ActivationState::Activated,
                    pin: Some(pin.clone()),
                    new_pin: None,
                    ..stored.activation.clone()
                };
                let current = replace(attempts, &stored, &valid).await?;
                attempts.results.record_accepted(&current).await;
                return Ok(current);
            }
            Err(error) if error.cause == Cause::OtpInvalid => {}
            Err(error) => return Err(anyhow!("{error}; {RUN_AGAIN}")),
        }
    }
    bail!(
        "Salto accepts neither the old PIN nor the new one; {RUN_AGAIN}. Do so once only, after a few \
         minutes: cloud and IQ have been seen to disagree after a change. Then have Salto reset the \
         user's activation at this IQ"
    )
}

/// Replaces the record, unless another command has changed it meanwhile.
async fn replace(
    attempts: &OtpAttempts<'_>,
    before: &Stored,
    next: &Activation,
) -> anyhow::Result<Stored> {
    let OtpResults { access, iq, .. } = &attempts.results;
    let replaced = access.activations.replace(access.site.integration_id(), iq, Some(before), next);
    replaced.await?.context(
        "another command changed this IQ's activation at the same time; check `postern iq list`, and \
         run this command again",
    )
}

/// Whether the call may have changed the PIN although it failed.
const fn may_have_changed_the_pin(cause: Cause) -> bool {
    match cause {
        Cause::Unavailable | Cause::Unanswered => true,
        Cause::TokenRejected
        | Cause::TokenUnusable
        | Cause::CredentialsRejected
        | Cause::NotSignedIn
        | Cause::Forbidden
        | Cause::LockNotFound
        | Cause::SiteNotFound
        | Cause::IqNotFound
        | Cause::AlreadyActivated
        | Cause::NotActivated
        | Cause::OtpInvalid
        | Cause::OtpMistimed
        | Cause::LockMoved
        | Cause::OtpBlocked
        | Cause::IqOffline
        | Cause::IqRefused
        | Cause::RateLimited
        | Cause::BreakerOpen
        | Cause::Expired
        | Cause::Withdrawn
        | Cause::Cache => false,
    }
}
