//! Stores a secret and a PIN that are known from another program.

use anyhow::{Context, anyhow, bail};
use salto::{
    Activation, ActivationState, Cause,
    activation::{KEEP_PIN, Stored},
};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    Observer,
    iqs::TargetIq,
    otp_attempts::{OtpAttempts, OtpInput, OtpResults},
};

/// The length of Salto's secrets (docs/salto-ks.md, Connect API).
const SECRET_LENGTH: usize = 16;

/// Where the secret comes from.
#[derive(Debug)]
pub enum SecretSource {
    /// A person or another program knows it.
    Known(SecretString),
    /// Salto gives it for this code, which an active device of the same user shows.
    DeviceCode(SecretString),
}

/// A secret and a PIN from elsewhere, for an IQ without a working activation.
pub struct Adoption<'a> {
    target: &'a TargetIq<'a>,
    before: Option<Stored>,
    force: bool,
}

impl SecretSource {
    /// A secret that is known.
    ///
    /// # Errors
    /// It is empty, or has spaces.
    pub fn known(secret: SecretString, observer: &dyn Observer) -> anyhow::Result<Self> {
        let length = secret.expose_secret().chars().count();
        if length == 0 || secret.expose_secret().chars().any(char::is_whitespace) {
            bail!("the secret of an IQ is {SECRET_LENGTH} characters without spaces");
        }
        if length != SECRET_LENGTH {
            observer.note(&format!(
                "warning: the secret has {length} characters; Salto's have {SECRET_LENGTH}"
            ));
        }
        Ok(Self::Known(secret))
    }

    /// A code; spaces around it do not matter.
    ///
    /// # Errors
    /// It is empty.
    pub fn device_code(code: &SecretString) -> anyhow::Result<Self> {
        let code = code.expose_secret().trim();
        if code.is_empty() {
            bail!("the code of the active device is empty");
        }
        Ok(Self::DeviceCode(code.into()))
    }
}

impl<'a> Adoption<'a> {
    /// Begins it. `force`: also where an activation works, while the user is blocked, or where one more rejection could
    /// block it.
    ///
    /// # Errors
    /// The stored activation works, or cannot be read.
    pub async fn begin(target: &'a TargetIq<'a>, force: bool) -> anyhow::Result<Self> {
        let before = target.access.activations.get(target.integration_id, &target.iq).await;
        let before = before.context("the stored activation cannot be read")?;
        if !force {
            refuse_where_it_works(before.as_ref())?;
        }
        Ok(Self { target, before, force })
    }

    /// Has Salto check secret and PIN, and stores them. Then the IQ is activated.
    ///
    /// # Errors
    /// Salto does not accept them, no one-time password may be sent now, or they cannot be stored.
    pub async fn finish(self, source: SecretSource, pin: SecretString) -> anyhow::Result<()> {
        let results = OtpResults::new(&self.target.access, &self.target.iq, self.force);
        let attempts = OtpAttempts::begin(results).await?;
        let adopted = check_and_store(&attempts, self.before.as_ref(), source, pin).await;
        attempts.end().await;
        adopted
    }
}

async fn check_and_store(
    attempts: &OtpAttempts<'_>,
    before: Option<&Stored>,
    source: SecretSource,
    pin: SecretString,
) -> anyhow::Result<()> {
    let OtpResults { access, iq, .. } = &attempts.results;
    let secret = match source {
        SecretSource::Known(secret) => secret,
        SecretSource::DeviceCode(code) => attempts.secret_by_code(&code).await?,
    };
    access.observer.note("having Salto check secret and PIN");
    let input = OtpInput { secret: &secret, pin: &pin, of: None };
    if let Err(error) = attempts.send(&input, KEEP_PIN).await? {
        return Err(refused(&error));
    }
    let (integration_id, adopted) = (access.site.integration_id(), Activation::proven(secret, pin));
    let stored = access.activations.replace(integration_id, iq, before, &adopted).await;
    let stored = stored.context("Salto accepts secret and PIN, but they cannot be stored")?;
    let stored = stored.context(
        "Salto accepts secret and PIN, but another command changed this IQ's activation at the same \
         time, and nothing was stored; check `postern iq list`, and run this command again",
    )?;
    attempts.results.record_accepted(&stored).await;
    Ok(())
}

fn refuse_where_it_works(before: Option<&Stored>) -> anyhow::Result<()> {
    match before.map(|before| before.activation.state) {
        Some(ActivationState::Activated) => bail!(
            "this IQ is activated here and works, as far as is known (`postern iq probe` checks it); \
             give --force to overwrite its secret and PIN"
        ),
        Some(
            ActivationState::NotActivated
            | ActivationState::PendingPin
            | ActivationState::Degraded
            | ActivationState::ReactivationRequired,
        )
        | None => Ok(()),
    }
}

fn refused(error: &salto::CallError) -> anyhow::Error {
    if error.cause == Cause::OtpInvalid {
        return anyhow!(
            "Salto does not accept this secret with this PIN ({error}); nothing was stored. Check \
             both, the otp_scheme of the integration, and the clock; a few wrong ones in a row \
             block the user for about 20 minutes"
        );
    }
    anyhow!("{error}; nothing was stored")
}
