//! `PATCH …/locking`: the command that opens a door.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::json_body::JsonBody;
use super::{caller, rights};
use crate::cloud::{Cloud, CloudState, LockState, OtpCommand};
use crate::faults::AppliedFault;
use crate::records::{Command, CommandResult, Entry, EntryCategory, NewRecord, Opening};
use crate::wire::{Refusal, json_answer};

#[derive(Deserialize)]
pub(super) struct LockPath {
    site: String,
    lock: String,
}

/// A command as it was received from a user.
struct UnlockRequest<'a> {
    site: &'a str,
    /// None where the id in the path is no UUID.
    lock: Option<Uuid>,
    headers: &'a HeaderMap,
    body: &'a Bytes,
}

pub(super) async fn unlock(
    State(cloud): State<Arc<Cloud>>,
    Path(path): Path<LockPath>,
    fault: Option<Extension<AppliedFault>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let fault = fault.map(|Extension(fault)| fault);
    let received_at = fault.as_ref().map_or_else(Utc::now, |fault| fault.received_at);
    let now = cloud.clock.now();
    let lock_id = path.lock.parse().ok();
    let mut state = cloud.state();
    let user = caller::user(&cloud, &state, &headers);
    let request = UnlockRequest { site: &path.site, lock: lock_id, headers: &headers, body: &body };
    let decision = match &user {
        Ok(user) => decide(&mut state, user, &request, now),
        Err(refusal) => Err(*refusal),
    };
    let (result, response) = match decision {
        Ok(()) => (CommandResult::Opened, opened(lock_id)),
        Err(refusal) => (CommandResult::Refused(refusal), refusal.into_response()),
    };
    let lock = lock_id.and_then(|id| state.locks.get(&id)).cloned();
    let status = response.status().as_u16();
    let command = Command {
        received_at,
        lock_id,
        lock: lock.as_ref().map(|lock| Arc::clone(&lock.name)),
        iq_id: lock.as_ref().and_then(|lock| lock.iq),
        username: user.ok(),
        result,
        status: fault.as_ref().map_or(Some(status), |fault| fault.wire_status.of(status)),
        fault: fault.map(|fault| fault.kind),
    };
    let opening = record(&mut state, &command, lock, now);
    drop(state);
    cloud.publish(NewRecord::Command(command));
    if let Some(opening) = opening {
        cloud.publish(NewRecord::Opening(opening));
    }
    response
}

/// What the cloud and then the IQ decide. The OTP is checked only after all the other conditions of
/// the request, so that no other mistake counts as a rejected OTP.
fn decide(
    state: &mut CloudState,
    user: &Arc<str>,
    request: &UnlockRequest<'_>,
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    let site = rights::site(state, user, request.site)?.id;
    let lock_id = request.lock.ok_or(Refusal::IdInvalid)?;
    let lock = state.locks.get(&lock_id);
    let lock = lock.filter(|lock| lock.site == site).ok_or(Refusal::LockNotFound)?;
    let iq = lock.iq.ok_or(Refusal::LockWithoutIq)?;
    if !rights::may_open(state, user) {
        return Err(Refusal::Forbidden);
    }
    let body = JsonBody::parse(request.headers, request.body)?;
    if body.text("locked_state") != Some("unlocked") {
        return Err(Refusal::BadRequest);
    }
    check_otp(state, iq, user, &body, now)?;
    if !state.is_lock_online(site, lock_id) {
        return Err(Refusal::LockOffline);
    }
    let override_privacy = rights::may_override_privacy(state, user);
    let private = state.is_private(site, lock_id) && !override_privacy;
    if private { Err(Refusal::PrivacyMode) } else { Ok(()) }
}

/// Checks the OTP and the activation, where the IQ needs them: an IQ without OTPs is opened without both.
fn check_otp(
    state: &mut CloudState,
    iq_id: Uuid,
    user: &Arc<str>,
    body: &JsonBody,
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    let iq = state.iq(iq_id).ok_or(Refusal::IqNotFound)?;
    if !iq.otp_enabled {
        return if iq.online { Ok(()) } else { Err(Refusal::IqOffline) };
    }
    state.check_otp(OtpCommand::Unlock, iq_id, user, body.otp()?, now)?;
    // Without an activation the OTP may be right, and the command is refused all the same
    // (docs/salto-ks.md, Connect API, on 3102).
    if state.is_activated(iq_id, user) { Ok(()) } else { Err(Refusal::PinNotChanged) }
}

fn opened(lock: Option<Uuid>) -> Response {
    json_answer(StatusCode::OK, &json!({"id": lock, "locked_state": "unlocked"}))
}

/// Records a command, its row in the event log and its opening.
fn record(
    state: &mut CloudState,
    command: &Command,
    lock: Option<LockState>,
    now: DateTime<Utc>,
) -> Option<Opening> {
    let command_seq = state.records.commands.push(command.clone());
    let (lock, lock_id) = (lock?, command.lock_id?);
    let username = command.username.clone()?;
    let category = match command.result {
        CommandResult::Opened => EntryCategory::LockOpened,
        CommandResult::Refused(refusal) if refusal.has_log_row() => EntryCategory::LockRejected,
        CommandResult::Refused(_) | CommandResult::Fault => return None,
    };
    let entry = Entry {
        id: Uuid::new_v4(),
        category,
        time: now,
        recorded_at: Utc::now(),
        lock_id,
        iq_id: lock.iq,
        username: Arc::clone(&username),
    };
    state.records.entries.entry(lock.site).or_default().push(entry);
    if category == EntryCategory::LockRejected {
        return None;
    }
    let open_seconds = state.open_seconds_of(lock.site, lock_id);
    if let Some(lock) = state.locks.get_mut(&lock_id) {
        lock.open_until = Some(now + TimeDelta::seconds(i64::from(open_seconds)));
    }
    let opening = Opening {
        opened_at: Utc::now(),
        lock_id,
        lock: lock.name,
        iq_id: lock.iq,
        site_id: lock.site,
        username,
        access_by: "remote",
        command_seq,
        open_seconds,
    };
    state.records.openings.push(opening.clone());
    Some(opening)
}
