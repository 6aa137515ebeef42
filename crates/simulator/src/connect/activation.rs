//! Secret and PIN of a user at an IQ: they can be read before the activation and never after it
//! (`docs/salto-ks.md`, Connect API).

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use bytes::Bytes;
use chrono::Utc;
use serde::Deserialize;
use serde_json::json;
use url::form_urlencoded;
use uuid::Uuid;

use super::json_body::JsonBody;
use super::{caller, rights};
use crate::cloud::{Cloud, CloudState, OtpCommand};
use crate::records::{Mail, NewRecord};
use crate::wire::{Refusal, empty_answer, json_answer};
use crate::world::{Activation, Iq, is_pin};

#[derive(Deserialize)]
pub(super) struct IqPath {
    site: String,
    iq: String,
}

/// An IQ that the caller may activate, and its site.
struct IqToActivate<'a> {
    site_id: Uuid,
    iq: &'a Iq,
}

impl<'a> IqToActivate<'a> {
    fn find(state: &'a CloudState, user: &str, path: &IqPath) -> Result<Self, Refusal> {
        let site = rights::site(state, user, &path.site)?;
        let iq = rights::iq(site, &path.iq)?;
        if rights::may_open(state, user) {
            Ok(Self { site_id: site.id, iq })
        } else {
            Err(Refusal::Forbidden)
        }
    }
}

/// `GET …/secret`, and with `?otp=` the secret of an activated user by a code of an active device. That the code is an
/// OTP of the same user is a decision.
pub(super) async fn secret(
    State(cloud): State<Arc<Cloud>>,
    Path(path): Path<IqPath>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Refusal> {
    let now = cloud.clock.now();
    let mut state = cloud.state();
    let user = caller::user(&cloud, &state, &headers)?;
    let iq_id = IqToActivate::find(&state, &user, &path)?.iq.id;
    let code = query_value(&uri, "otp");
    match &code {
        Some(code) => state.check_otp(OtpCommand::ReadSecret, iq_id, &user, code, now)?,
        None if state.is_activated(iq_id, &user) => return Err(Refusal::SecretOfActivatedIq),
        None => {}
    }
    let iq = state.iq(iq_id).ok_or(Refusal::IqNotFound)?;
    let key = iq.key_of(&user, state.world.owns_keys(iq, &user));
    Ok(json_answer(StatusCode::OK, &json!({"secret": key.secret})))
}

/// A value of the query.
fn query_value(uri: &Uri, name: &str) -> Option<String> {
    form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
        .find_map(|(key, value)| (key == name).then(|| value.into_owned()))
}

/// `GET …/pin`: sends the PIN, with `?send_email=true` by mail, else as a text message. It may be repeated, and the IQ
/// has to be online for it.
pub(super) async fn send_pin(
    State(cloud): State<Arc<Cloud>>,
    Path(path): Path<IqPath>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Refusal> {
    let mut state = cloud.state();
    let user = caller::user(&cloud, &state, &headers)?;
    let IqToActivate { site_id, iq } = IqToActivate::find(&state, &user, &path)?;
    if state.is_activated(iq.id, &user) {
        return Err(Refusal::PinOfActivatedIq);
    }
    if !iq.online {
        return Err(Refusal::IqOffline);
    }
    let pin = iq.key_of(&user, state.world.owns_keys(iq, &user)).pin.into_owned();
    let by_email = query_value(&uri, "send_email").as_deref() == Some("true");
    let mail = Mail {
        sent_at: Utc::now(),
        to: Arc::clone(&user),
        by: if by_email { "email" } else { "sms" },
        site_id,
        iq_id: iq.id,
        iq: iq.customer_reference.clone(),
        pin,
    };
    let (iq_id, pin_in_body) = (iq.id, iq.pin_in_body);
    if let Some(iq) = state.iq_mut(iq_id)
        && !iq.pin_requested_by.iter().any(|name| *name == *user)
    {
        iq.pin_requested_by.push(user.to_string());
    }
    if pin_in_body {
        return Ok(json_answer(StatusCode::OK, &json!({"pin": mail.pin})));
    }
    state.records.mails.push(mail.clone());
    drop(state);
    cloud.publish(NewRecord::Mail(mail));
    Ok(empty_answer(StatusCode::NO_CONTENT))
}

/// `PUT …/pin`: an OTP computed with the current PIN activates the user; the delta changes the PIN.
pub(super) async fn change_pin(
    State(cloud): State<Arc<Cloud>>,
    Path(path): Path<IqPath>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let now = cloud.clock.now();
    let mut state = cloud.state();
    let user = caller::user(&cloud, &state, &headers)?;
    let iq_id = IqToActivate::find(&state, &user, &path)?.iq.id;
    let body = JsonBody::parse(&headers, &body)?;
    let delta = body.text("delta").filter(|delta| is_pin(delta)).ok_or(Refusal::BadRequest)?;
    let otp = body.otp()?;
    state.check_otp(OtpCommand::ChangePin, iq_id, &user, otp, now)?;
    let activated = state.is_activated(iq_id, &user);
    let iq = state.iq(iq_id).ok_or(Refusal::IqNotFound)?;
    let is_owner = state.world.owns_keys(iq, &user);
    let iq = state.iq_mut(iq_id).ok_or(Refusal::IqNotFound)?;
    let pin = minus_delta(&iq.key_of(&user, is_owner).pin, delta);
    iq.set_pin(&user, is_owner, pin);
    if !activated {
        iq.activated_for.push(Activation { username: user.to_string(), since: Some(now) });
    }
    drop(state);
    cloud.publish(NewRecord::Change);
    Ok(empty_answer(StatusCode::NO_CONTENT))
}

/// The new PIN: digit by digit old − delta, modulo 10.
fn minus_delta(pin: &str, delta: &str) -> String {
    let digits = pin.bytes().zip(delta.bytes());
    digits.map(|(old, delta)| char::from(b'0' + (10 + old - delta) % 10)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delta_is_subtracted_digit_by_digit() {
        assert_eq!(minus_delta("6596", "6995"), "0601");
        assert_eq!(minus_delta("0042", "0000"), "0042");
        assert_eq!(minus_delta("0000", "9999"), "1111");
    }
}
