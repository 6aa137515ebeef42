//! The world as it stands, and changes to it.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::body::{ControlError, parse};
use crate::answer::json_answer;
use crate::cloud::{Cloud, Live};
use crate::otp::OtpScheme;
use crate::world::{Activation, World};

pub(super) async fn world(State(cloud): State<Arc<Cloud>>) -> Response {
    json_answer(StatusCode::OK, &cloud.live().world)
}

pub(super) async fn settings(State(cloud): State<Arc<Cloud>>) -> Response {
    json_answer(StatusCode::OK, &cloud.live().world.settings)
}

/// Takes any of the settings; what is left out stays.
pub(super) async fn change_settings(
    State(cloud): State<Arc<Cloud>>,
    body: Bytes,
) -> Result<Response, ControlError> {
    let changes: serde_json::Map<String, serde_json::Value> = parse(&body)?;
    let mut live = cloud.live();
    let mut settings = json!(live.world.settings);
    for (name, value) in changes {
        settings[name] = value;
    }
    let settings =
        serde_json::from_value(settings).map_err(|error| ControlError::bad(error.to_string()))?;
    change(&mut live, "settings", |world| {
        world.settings = settings;
        Some(())
    })?;
    Ok(json_answer(StatusCode::OK, &live.world.settings))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IqChange {
    online: Option<bool>,
    restore_required: Option<bool>,
    secret: Option<String>,
    pin: Option<String>,
    otp_scheme: Option<OtpScheme>,
    pin_in_body: Option<bool>,
    activated_for: Option<Vec<Activation>>,
    #[serde(default)]
    unblock: bool,
}

pub(super) async fn change_iq(
    State(cloud): State<Arc<Cloud>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, ControlError> {
    let wanted: IqChange = parse(&body)?;
    let id: Uuid = id.parse().map_err(|_| ControlError::missing("IQ"))?;
    let mut live = cloud.live();
    change(&mut live, "IQ", |world| {
        let iq = world.sites.iter_mut().flat_map(|site| &mut site.iqs).find(|iq| iq.id == id)?;
        iq.online = wanted.online.unwrap_or(iq.online);
        iq.restore_required = wanted.restore_required.unwrap_or(iq.restore_required);
        iq.otp_scheme = wanted.otp_scheme.unwrap_or(iq.otp_scheme);
        iq.pin_in_body = wanted.pin_in_body.unwrap_or(iq.pin_in_body);
        replace(&mut iq.secret, wanted.secret);
        replace(&mut iq.pin, wanted.pin);
        replace(&mut iq.activated_for, wanted.activated_for);
        Some(())
    })?;
    if wanted.unblock {
        live.forgive_all(id);
    }
    let iq = live.iq(id).ok_or_else(|| ControlError::missing("IQ"))?;
    Ok(json_answer(StatusCode::OK, iq))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountChange {
    password: Option<String>,
    roles: Option<Vec<String>>,
    remote_access: Option<bool>,
    blocked: Option<bool>,
    sites: Option<Vec<Uuid>>,
}

pub(super) async fn change_account(
    State(cloud): State<Arc<Cloud>>,
    Path(username): Path<String>,
    body: Bytes,
) -> Result<Response, ControlError> {
    let wanted: AccountChange = parse(&body)?;
    let mut live = cloud.live();
    change(&mut live, "account", |world| {
        let account = world.accounts.iter_mut().find(|one| one.username == username)?;
        replace(&mut account.password, wanted.password);
        replace(&mut account.roles, wanted.roles);
        account.remote_access = wanted.remote_access.unwrap_or(account.remote_access);
        account.blocked = wanted.blocked.unwrap_or(account.blocked);
        account.sites = wanted.sites.or(account.sites.take());
        Some(())
    })?;
    let (_, account) = live.account(&username).ok_or_else(|| ControlError::missing("account"))?;
    Ok(json_answer(StatusCode::OK, account))
}

/// Changes the world, or leaves it as it was where that would be no valid one. What is changed
/// keeps its id and its place.
fn change(
    live: &mut Live,
    what: &str,
    apply: impl FnOnce(&mut World) -> Option<()>,
) -> Result<(), ControlError> {
    let mut world = live.world.clone();
    apply(&mut world).ok_or_else(|| ControlError::missing(what))?;
    world.check().map_err(|error| ControlError::bad(error.to_string()))?;
    live.world = world;
    Ok(())
}

fn replace<T>(old: &mut T, new: Option<T>) {
    if let Some(new) = new {
        *old = new;
    }
}
