//! Moving an IQ's PIN, so that it can be gone on with whatever happens in between.
//!
//! The new PIN is stored beside the old one before Salto hears of it. Which of them counts, only a
//! one-time password tells: so that is asked afterwards, and first of all where a move was
//! interrupted. All of it happens in one person's turn: a move of somebody else that arrived after
//! the answer would make it wrong.

use anyhow::{Context, anyhow, bail};
use salto::{
    Activation, ActivationState, Cause,
    activation::{KEEP_PIN, Stored, delta},
};
use secrecy::{ExposeSecret, SecretString};

use super::{
    attempts::{Attempts, Proof},
    tally::Tally,
};
use crate::cli::output::note;

const GO_ON: &str = "both PINs are kept; run `postern iq set-pin` again, which finds out which of \
                     them counts and goes on";

/// Has `wanted` be the PIN. Whether there was anything to do.
pub(super) async fn set(
    attempts: &Attempts<'_>,
    stored: Stored,
    wanted: &SecretString,
) -> anyhow::Result<bool> {
    let stored = settle(attempts, stored).await?;
    let Activation { secret, pin, .. } = &stored.activation;
    let pin = pin.as_ref().context("no PIN is stored")?;
    if pin.expose_secret() == wanted.expose_secret() {
        return Ok(false);
    }
    let delta = delta(pin, wanted).context("a PIN is exactly four digits")?;
    attempts.tally.refuse_where_it_could_block().await?;
    let both = Activation { new_pin: Some(wanted.clone()), ..stored.activation.clone() };
    let both = replace(attempts, &stored, &both).await?;

    note("having Salto move the PIN");
    if let Err(error) = attempts.make(&Proof { secret, pin, of: Some(&both) }, &delta).await? {
        if may_have_moved(error.cause) {
            return Err(anyhow!("it is not known whether the PIN was moved: {error}; {GO_ON}"));
        }
        // Where this fails, the next run finds out in its own way.
        let _ = replace(attempts, &both, &stored.activation).await;
        return Err(anyhow!("the PIN was not moved: {error}"));
    }
    let settled = settle(attempts, both).await?;
    if settled.activation.pin.is_some_and(|pin| pin.expose_secret() == wanted.expose_secret()) {
        return Ok(true);
    }
    bail!(
        "Salto said that the PIN was moved, but accepts the old one and not the new one: cloud and \
         IQ may disagree; the old PIN is kept, and the IQ can be used"
    )
}

/// Finds out which PIN counts, where a move was begun; that one is kept alone.
async fn settle(attempts: &Attempts<'_>, stored: Stored) -> anyhow::Result<Stored> {
    let Activation { secret, pin: old, new_pin: new, .. } = &stored.activation;
    let (Some(old), Some(new)) = (old, new) else { return Ok(stored) };
    note("asking Salto which PIN counts");
    for (pin, of) in [(new, None), (old, Some(&stored))] {
        let tried = attempts.make(&Proof { secret, pin, of }, KEEP_PIN).await;
        match tried.context(GO_ON)? {
            Ok(()) => {
                let settled = Activation {
                    state: ActivationState::Activated,
                    pin: Some(pin.clone()),
                    new_pin: None,
                    ..stored.activation.clone()
                };
                let settled = replace(attempts, &stored, &settled).await?;
                attempts.tally.proven(&settled).await;
                return Ok(settled);
            }
            Err(error) if error.cause == Cause::OtpInvalid => {}
            Err(error) => return Err(anyhow!("{error}; {GO_ON}")),
        }
    }
    bail!(
        "Salto accepts neither the old PIN nor the new one; {GO_ON}. Do so once only, after a few \
         minutes: cloud and IQ have been seen to disagree after a move. Then have Salto reset the \
         user's activation at this IQ"
    )
}

/// Stores what follows, while nobody else has changed the record.
async fn replace(
    attempts: &Attempts<'_>,
    before: &Stored,
    next: &Activation,
) -> anyhow::Result<Stored> {
    let Tally { access, iq, .. } = &attempts.tally;
    let replaced = access.activations.replace(access.site.integration_id(), iq, Some(before), next);
    replaced.await?.context(
        "somebody else changed this IQ's activation at the same time; look at `postern iq list` and \
         run it again",
    )
}

/// Whether the call may have had its effect although it failed.
const fn may_have_moved(cause: Cause) -> bool {
    match cause {
        Cause::Unavailable | Cause::Unanswered => true,
        Cause::TokenRejected
        | Cause::CredentialsRejected
        | Cause::NotSignedIn
        | Cause::Forbidden
        | Cause::LockNotFound
        | Cause::SiteNotFound
        | Cause::IqNotFound
        | Cause::AlreadyActivated
        | Cause::NotActivated
        | Cause::OtpInvalid
        | Cause::OtpBlocked
        | Cause::IqOffline
        | Cause::RateLimited
        | Cause::BreakerOpen
        | Cause::Expired
        | Cause::Cache => false,
    }
}
