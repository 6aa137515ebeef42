//! A site's IQs: the list of them, what Salto gives out of one, and what it is told.

use reqwest::Method;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::answer::Subject;
use crate::call::Answer;
use crate::environment::below;
use crate::error::CallError;
use crate::otp::OtpKey;
use crate::site::Site;
use crate::wire::{ActivatedIq, IqInfo, readable};

/// How Salto gives a PIN.
#[derive(Debug)]
pub enum PinAnswer {
    /// It goes to the user by mail (some tenants: SMS) \[M\].
    Mailed,
    /// It is in the answer \[S2\].
    Shown(SecretString),
}

impl Site {
    /// The site's IQs, read anew.
    ///
    /// # Errors
    /// A call failed, or the account has no such site.
    pub async fn iqs(&self) -> Result<Vec<IqInfo>, CallError> {
        let url = self.calls.site_url(&["iqs"]).await?;
        Ok(readable(self.calls.list(url, Subject::Site).await?, "iqs"))
    }

    /// At which of the site's IQs this user is activated, as Salto has it.
    ///
    /// # Errors
    /// A call failed, or the account has no such site.
    pub async fn activated_iqs(&self) -> Result<Vec<ActivatedIq>, CallError> {
        let calls = &self.calls;
        let site = calls.site_id().await?.to_string();
        let path = ["v1.2", "me", &site, "activated_iqs"];
        let url = below(&calls.api.environment.api_url, &path);
        Ok(readable(calls.list(url, Subject::Site).await?, "activated IQs"))
    }

    /// The secret of an IQ where this user was never activated \[M\].
    ///
    /// # Errors
    /// [`Cause::AlreadyActivated`](crate::Cause::AlreadyActivated) once it was; or the call failed.
    pub async fn read_secret(&self, iq: &str) -> Result<SecretString, CallError> {
        let url = self.calls.site_url(&["iqs", iq, "secret"]).await?;
        let answer = self.calls.get(url, Subject::FirstSecret).await?;
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        match body["secret"].as_str() {
            Some(secret) if !secret.is_empty() => Ok(secret.into()),
            _ => Err(CallError::unreadable("the answer holds no secret")),
        }
    }

    /// Asks Salto for the IQ's PIN \[M\].
    ///
    /// # Errors
    /// [`Cause::AlreadyActivated`](crate::Cause::AlreadyActivated) once this user is activated there; or the call failed.
    pub async fn request_pin(&self, iq: &str) -> Result<PinAnswer, CallError> {
        let mut url = self.calls.site_url(&["iqs", iq, "pin"]).await?;
        url.set_query(Some("send_email=true"));
        let answer = self.calls.get(url, Subject::FirstSecret).await?;
        Ok(shown_pin(&answer).map_or(PinAnswer::Mailed, PinAnswer::Shown))
    }

    /// Proves secret and PIN by a one-time password, and moves the PIN by `delta` (4 digits,
    /// subtracted digit by digit; `0000` keeps it) \[M\].
    ///
    /// # Errors
    /// [`Cause::OtpInvalid`](crate::Cause::OtpInvalid) where secret or PIN are wrong; or the call failed.
    pub async fn put_pin(&self, iq: &str, key: &OtpKey, delta: &str) -> Result<(), CallError> {
        let calls = &self.calls;
        let url = calls.site_url(&["iqs", iq, "pin"]).await?;
        let body = || {
            let otp = key.otp(calls.api.clock.now());
            Some(json!({"otp": otp.expose(), "delta": delta}))
        };
        calls.call(Method::PUT, url, body, Subject::Iq).await.map(drop)
    }
}

/// The PIN in an answer's body: four digits, alone or as `pin` of an object.
fn shown_pin(answer: &Answer) -> Option<SecretString> {
    let body: Value = serde_json::from_slice(&answer.body).ok()?;
    let pin = body.as_str().or_else(|| body["pin"].as_str())?;
    (pin.len() == 4 && pin.bytes().all(|b| b.is_ascii_digit())).then(|| pin.into())
}
