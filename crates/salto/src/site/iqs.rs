//! A site's IQs: their list, and secret and PIN of one (`docs/salto-ks.md`, Connect API).

use std::sync::{Mutex, PoisonError};

use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::Site;
use super::info::{ActivatedIq, IqInfo};
use crate::environment::url::below;
use crate::error::{CallError, Cause};
use crate::http::answer::CallTarget;
use crate::http::salto_client::Answer;
use crate::otp::OtpKey;

/// How Salto gives the PIN.
#[derive(Debug)]
pub enum PinAnswer {
    /// Salto sends it to the user.
    Sent,
    /// The answer has it.
    Shown(SecretString),
}

/// How Salto sends a PIN to the user (`docs/salto-ks.md`, Connect API).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PinDelivery {
    /// By mail.
    Email,
    /// As a text message.
    Sms,
}

impl Site {
    /// The site's IQs, read now.
    ///
    /// # Errors
    /// A call failed, or the account has no such site.
    pub async fn iqs(&self) -> Result<Vec<IqInfo>, CallError> {
        let url = self.calls.site_url(&["iqs"]).await?;
        self.calls.list(url, CallTarget::Site, "iqs").await
    }

    /// This user's activations at the site's IQs, as Salto has them.
    ///
    /// # Errors
    /// A call failed, or the account has no such site.
    pub async fn activated_iqs(&self) -> Result<Vec<ActivatedIq>, CallError> {
        let calls = &self.calls;
        let site = calls.site_id().await?.to_string();
        let path = ["v1.2", "me", &site, "activated_iqs"];
        let url = below(&calls.client.environment.api_url, &path);
        calls.list(url, CallTarget::Site, "activated IQs").await
    }

    /// The secret of an IQ where this user was never activated.
    ///
    /// # Errors
    /// [`Cause::AlreadyActivated`] where the user was; or the call failed.
    pub async fn read_secret(&self, iq: &str) -> Result<SecretString, CallError> {
        let url = self.calls.site_url(&["iqs", iq, "secret"]).await?;
        secret(&self.calls.get(url, CallTarget::FirstSecret(iq)).await?)
    }

    /// The secret of an IQ by the code that an active device of this user shows. Salto has published that such a
    /// code gives a secret; this project has not seen it (`docs/salto-ks.md`, The OTP).
    ///
    /// # Errors
    /// [`Cause::OtpInvalid`] where Salto does not accept the code; or the call failed.
    pub async fn read_secret_with_code(
        &self,
        iq: &str,
        code: &SecretString,
    ) -> Result<SecretString, CallError> {
        let mut url = self.calls.site_url(&["iqs", iq, "secret"]).await?;
        url.query_pairs_mut().append_pair("otp", code.expose_secret());
        secret(&self.calls.get(url, CallTarget::Iq(iq)).await?)
    }

    /// Has Salto send the IQ's PIN to the user, or show it.
    ///
    /// # Errors
    /// [`Cause::AlreadyActivated`] where this user is activated at the IQ; or the call failed.
    pub async fn request_pin(
        &self,
        iq: &str,
        delivery: PinDelivery,
    ) -> Result<PinAnswer, CallError> {
        let mut url = self.calls.site_url(&["iqs", iq, "pin"]).await?;
        match delivery {
            PinDelivery::Email => url.set_query(Some("send_email=true")),
            PinDelivery::Sms => {}
        }
        let answer = self.calls.get(url, CallTarget::FirstSecret(iq)).await?;
        Ok(shown_pin(&answer).map_or(PinAnswer::Sent, PinAnswer::Shown))
    }

    /// Proves secret and PIN by a one-time password, and changes the PIN by `delta`: 4 digits that are
    /// subtracted digit by digit; `0000` keeps the PIN. Activates the user at the IQ.
    ///
    /// # Errors
    /// [`Cause::OtpInvalid`] where secret or PIN is wrong; [`Cause::OtpMistimed`] where the clock was, which is
    /// corrected by now; or the call failed.
    pub async fn put_pin(&self, iq: &str, key: &OtpKey, delta: &str) -> Result<(), CallError> {
        let calls = &self.calls;
        let url = calls.site_url(&["iqs", iq, "pin"]).await?;
        calls.establish_clock().await?;
        let made = Mutex::new(None);
        let body = || {
            let otp_time = calls.client.clock.otp_time_now();
            *made.lock().unwrap_or_else(PoisonError::into_inner) = Some(otp_time);
            Some(json!({"otp": key.otp(otp_time.at).expose(), "delta": delta}))
        };
        let answer = calls.call(Method::PUT, url, body, CallTarget::Iq(iq)).await;
        let made = made.into_inner().unwrap_or_else(PoisonError::into_inner);
        match (answer, made) {
            (Err(error), Some(otp_time)) if error.cause == Cause::OtpInvalid => {
                Err(self.explain_rejected_pin(error, otp_time).await)
            }
            (answer, _) => answer.map(drop),
        }
    }
}

fn secret(answer: &Answer) -> Result<SecretString, CallError> {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    match body["secret"].as_str() {
        Some(secret) if !secret.is_empty() => Ok(secret.into()),
        _ => Err(CallError::unreadable("the answer has no secret")),
    }
}

/// The PIN in an answer's body: four digits, as a text or as `pin` of an object.
fn shown_pin(answer: &Answer) -> Option<SecretString> {
    let body: Value = serde_json::from_slice(&answer.body).ok()?;
    let pin = body.as_str().or_else(|| body["pin"].as_str())?;
    (pin.len() == 4 && pin.bytes().all(|b| b.is_ascii_digit())).then(|| pin.into())
}
