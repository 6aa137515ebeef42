//! An IQ's secret and PIN: read before activation, and never after. [M]

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use bytes::Bytes;
use chrono::Utc;
use serde_json::json;
use url::form_urlencoded;
use uuid::Uuid;

use super::bearer::caller;
use super::json_body::JsonBody;
use super::refusal::{Refusal, Verdict};
use super::rights;
use crate::answer::{empty_answer, json_answer};
use crate::cloud::{Cloud, Happening, Live, Mail};
use crate::world::{Activation, Iq, is_pin};

/// `GET …/secret`
pub(super) async fn secret(
    State(cloud): State<Arc<Cloud>>,
    Path((site, iq)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let live = cloud.live();
    let user = caller(&cloud, &live, &headers)?;
    let (_, iq) = to_activate(&live, &user, &site, &iq)?;
    if live.is_activated(iq.id, &user) {
        let message = "Cannot get first secret for an already activated Iq";
        return Err(Refusal::new(StatusCode::FORBIDDEN, 2203, message));
    }
    Ok(json_answer(StatusCode::OK, &json!({"secret": iq.secret})))
}

/// `GET …/pin?send_email=true`
pub(super) async fn send_pin(
    State(cloud): State<Arc<Cloud>>,
    Path((site, iq)): Path<(String, String)>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Refusal> {
    let mut live = cloud.live();
    let user = caller(&cloud, &live, &headers)?;
    let (site_id, iq) = to_activate(&live, &user, &site, &iq)?;
    if live.is_activated(iq.id, &user) {
        return Err(Refusal::new(StatusCode::FORBIDDEN, 3102, "command_forbidden"));
    }
    if iq.pin_in_body {
        return Ok(json_answer(StatusCode::OK, &json!({"pin": iq.pin})));
    }
    let query = uri.query().unwrap_or_default();
    if !form_urlencoded::parse(query.as_bytes())
        .any(|pair| pair == ("send_email".into(), "true".into()))
    {
        return Err(Verdict::BadRequest.into());
    }
    let (iq_id, iq, pin) = (iq.id, iq.customer_reference.clone(), iq.pin.clone());
    let mail = Mail { sent_at: Utc::now(), to: user, site_id, iq_id, iq, pin };
    live.records.mails.push(mail.clone());
    drop(live);
    cloud.tell(Happening::Mail(mail));
    Ok(empty_answer(StatusCode::NO_CONTENT))
}

/// `PUT …/pin`: the OTP made with the PIN so far activates, and the delta changes the PIN.
pub(super) async fn change_pin(
    State(cloud): State<Arc<Cloud>>,
    Path((site, iq)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let now = cloud.clock.now();
    let mut live = cloud.live();
    let user = caller(&cloud, &live, &headers)?;
    let (_, iq) = to_activate(&live, &user, &site, &iq)?;
    let iq_id = iq.id;
    let body = JsonBody::parse(&headers, &body)?;
    let delta = body.text("delta").filter(|delta| is_pin(delta)).ok_or(Verdict::BadRequest)?;
    let otp = body.otp()?;
    live.check_otp(iq_id, &user, otp, now)?;
    let activated = live.is_activated(iq_id, &user);
    let iq = live.iq_mut(iq_id).ok_or(Verdict::NotFound)?;
    iq.pin = minus_delta(&iq.pin, delta);
    if !activated {
        iq.activated_for.push(Activation { username: user.to_string(), since: Some(now) });
    }
    Ok(empty_answer(StatusCode::NO_CONTENT))
}

fn to_activate<'a>(
    live: &'a Live,
    user: &str,
    site: &str,
    iq: &str,
) -> Result<(Uuid, &'a Iq), Verdict> {
    let site = rights::site(live, user, site)?;
    let iq = rights::iq(site, iq)?;
    if rights::may_activate(live, user) { Ok((site.id, iq)) } else { Err(Verdict::Forbidden) }
}

/// Digit by digit, modulo 10: new = old − delta. [M]
fn minus_delta(pin: &str, delta: &str) -> String {
    let digit = |(old, delta): (u8, u8)| char::from(b'0' + (10 + old - delta) % 10);
    pin.bytes().zip(delta.bytes()).map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delta_is_taken_off_digit_by_digit() {
        assert_eq!(minus_delta("6596", "6995"), "0601");
        assert_eq!(minus_delta("0042", "0000"), "0042");
        assert_eq!(minus_delta("0000", "9999"), "1111");
    }
}
