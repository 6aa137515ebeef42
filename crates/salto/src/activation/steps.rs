//! The activation of an IQ: the secret, then the PIN, then their proof (`docs/salto-ks.md`, The OTP).
//!
//! Every step is stored before the next one begins, so that an interrupted activation can continue: the
//! secret before the PIN is requested, the PIN before it is proven, because Salto gives neither of them
//! again after the proof.

use chrono::Utc;
use secrecy::{ExposeSecret, SecretString};

use super::pin::{KEEP_PIN, is_pin};
use super::record::{Activation, ActivationState};
use super::store::{ActivationStore, Stored};
use crate::error::{CallError, Cause};
use crate::otp::OtpKey;
use crate::redis::query::StoreError;
use crate::site::Site;
use crate::site::iqs::{PinAnswer, PinDelivery};

/// The next step of an activation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Salto has just sent the PIN to the user in this way: give it to [`finish`].
    PinSent(PinDelivery),
    /// Salto sent the PIN to the user earlier, or a stored one was refused: give it to [`finish`].
    PinAwaited,
    /// Salto's answer had the PIN, which is stored now: call [`finish`] without one.
    PinShown,
    /// The PIN was stored earlier: call [`finish`] without one.
    PinKnown,
    /// The IQ is activated.
    Done,
}

/// The activation failed at a step. The steps before it stay stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ActivateError {
    /// The user is activated at this IQ, and its secret is not stored here.
    #[error(
        "this user is already activated at the IQ, but not by this installation, and Salto gives \
         the secret out only before that"
    )]
    AlreadyActivatedAtSalto,
    /// The text is not a PIN.
    #[error("a PIN is exactly four digits")]
    PinMalformed,
    /// [`finish`] needs a PIN, and none is stored.
    #[error("the PIN that Salto sent to the user is needed")]
    PinMissing,
    /// No activation has begun at this IQ.
    #[error("the activation of this IQ has not been started")]
    NotStarted,
    /// Salto rejected the one-time password with this PIN.
    #[error(
        "Salto does not accept this PIN; the IQ's secret is kept, so look the PIN up again and try \
         once more (a few wrong ones in a row block the user for about 20 minutes)"
    )]
    PinRefused,
    /// Another process changed the activation of this IQ at the same time.
    #[error("another command changed this IQ's activation at the same time; run it again")]
    Changed,
    /// A call failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The record cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Begins an activation, or continues it: stores the secret and requests the PIN. `send_pin`: the PIN is
/// requested in this way, also where it was requested before; otherwise once, by mail.
///
/// # Errors
/// See [`ActivateError`].
pub async fn begin(
    site: &Site,
    store: &ActivationStore,
    iq: &str,
    send_pin: Option<PinDelivery>,
) -> Result<Step, ActivateError> {
    let stored = store.get(site.integration_id(), iq).await?;
    match (stored.as_ref().map(|stored| stored.activation.state), stored) {
        (Some(ActivationState::Activated | ActivationState::Degraded), _) => Ok(Step::Done),
        (Some(ActivationState::PendingPin), Some(stored)) => {
            next_step(site, store, iq, &stored, send_pin).await
        }
        (_, _) => restart(site, store, iq, send_pin).await,
    }
}

/// Begins a new activation, whatever is stored: for a user whose activation Salto has reset. What is stored
/// is replaced only once Salto has given a new secret.
///
/// # Errors
/// [`ActivateError::AlreadyActivatedAtSalto`] where the user is still activated; see [`ActivateError`].
pub async fn restart(
    site: &Site,
    store: &ActivationStore,
    iq: &str,
    send_pin: Option<PinDelivery>,
) -> Result<Step, ActivateError> {
    let before = store.get(site.integration_id(), iq).await?;
    let stored = store_secret(site, store, iq, before.as_ref()).await?;
    next_step(site, store, iq, &stored, send_pin).await
}

/// The next step after the secret is stored.
async fn next_step(
    site: &Site,
    store: &ActivationStore,
    iq: &str,
    stored: &Stored,
    send_pin: Option<PinDelivery>,
) -> Result<Step, ActivateError> {
    let Activation { pin, pin_requested, pin_refused, .. } = &stored.activation;
    let is_known = pin.is_some() && !pin_refused;
    let delivery = match send_pin {
        None if is_known => return Ok(Step::PinKnown),
        None if *pin_requested => return Ok(Step::PinAwaited),
        None => PinDelivery::Email,
        Some(delivery) => delivery,
    };
    match request_pin(site, store, iq, stored, delivery).await {
        Ok(requested) if requested.activation.pin.is_some() => Ok(Step::PinShown),
        Ok(_) => Ok(Step::PinSent(delivery)),
        // The answer to an earlier proof was lost: with the stored PIN the user was activated.
        Err(ActivateError::AlreadyActivatedAtSalto) if is_known => Ok(Step::PinKnown),
        Err(error) => Err(error),
    }
}

async fn store_secret(
    site: &Site,
    store: &ActivationStore,
    iq: &str,
    before: Option<&Stored>,
) -> Result<Stored, ActivateError> {
    let secret = match site.read_secret(iq).await {
        Ok(secret) => secret,
        Err(error) => return Err(refused(site, store, iq, before, error).await),
    };
    let pending = Activation {
        state: ActivationState::PendingPin,
        secret,
        pin: None,
        pin_requested: false,
        pin_refused: false,
        new_pin: None,
        changed_at: Utc::now(),
    };
    put(site, store, iq, before, &pending).await
}

async fn request_pin(
    site: &Site,
    store: &ActivationStore,
    iq: &str,
    stored: &Stored,
    delivery: PinDelivery,
) -> Result<Stored, ActivateError> {
    let pin = match site.request_pin(iq, delivery).await {
        Ok(PinAnswer::Sent) => None,
        Ok(PinAnswer::Shown(pin)) => Some(pin),
        Err(error) => return Err(refused(site, store, iq, Some(stored), error).await),
    };
    let requested =
        Activation { pin, pin_requested: true, pin_refused: false, ..stored.activation.clone() };
    put(site, store, iq, Some(stored), &requested).await
}

/// Proves secret and PIN to Salto, which activates the user at the IQ. `None` uses the stored PIN.
///
/// # Errors
/// See [`ActivateError`]; after [`ActivateError::PinRefused`] it may be called again with another
/// PIN.
pub async fn finish(
    site: &Site,
    store: &ActivationStore,
    iq: &str,
    pin: Option<SecretString>,
) -> Result<(), ActivateError> {
    if pin.as_ref().is_some_and(|pin| !is_pin(pin.expose_secret())) {
        return Err(ActivateError::PinMalformed);
    }
    let stored = store.get(site.integration_id(), iq).await?.ok_or(ActivateError::NotStarted)?;
    match stored.activation.state {
        ActivationState::Activated | ActivationState::Degraded => return Ok(()),
        ActivationState::NotActivated | ActivationState::ReactivationRequired => {
            return Err(ActivateError::NotStarted);
        }
        ActivationState::PendingPin => {}
    }
    let pin = pin.or_else(|| stored.activation.pin.clone()).ok_or(ActivateError::PinMissing)?;
    let candidate =
        Activation { pin: Some(pin.clone()), pin_refused: false, ..stored.activation.clone() };
    let stored = put(site, store, iq, Some(&stored), &candidate).await?;

    let key = OtpKey::new(site.otp_scheme(), candidate.secret.clone(), pin);
    let proven = site.put_pin(iq, &key, KEEP_PIN).await;
    let next = match &proven {
        Ok(()) => {
            Activation { state: ActivationState::Activated, changed_at: Utc::now(), ..candidate }
        }
        Err(error) if error.cause == Cause::OtpInvalid => {
            Activation { pin_refused: true, ..candidate }
        }
        Err(error) => return Err(error.clone().into()),
    };
    put(site, store, iq, Some(&stored), &next).await?;
    proven.map_err(|_| ActivateError::PinRefused)
}

async fn put(
    site: &Site,
    store: &ActivationStore,
    iq: &str,
    before: Option<&Stored>,
    new: &Activation,
) -> Result<Stored, ActivateError> {
    let stored = store.replace(site.integration_id(), iq, before, new).await?;
    stored.ok_or(ActivateError::Changed)
}

/// The error where Salto gives no secret or PIN. If the user is activated, another process of this
/// installation may have done that meanwhile.
async fn refused(
    site: &Site,
    store: &ActivationStore,
    iq: &str,
    before: Option<&Stored>,
    error: CallError,
) -> ActivateError {
    if error.cause != Cause::AlreadyActivated {
        return ActivateError::Call(error);
    }
    match store.get(site.integration_id(), iq).await {
        Ok(now) if now.as_ref().map(Stored::sealed) != before.map(Stored::sealed) => {
            ActivateError::Changed
        }
        Ok(_) => ActivateError::AlreadyActivatedAtSalto,
        Err(error) => ActivateError::Store(error),
    }
}
