//! `PATCH …/locking`: the command that opens a door.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use uuid::Uuid;

use super::bearer::caller;
use super::json_body::JsonBody;
use super::refusal::{Refusal, Verdict};
use super::rights;
use crate::answer::json_answer;
use crate::cloud::{Cloud, Command, Entry, EntryCategory, Happening, Live, LockPlace, Opening};
use crate::faults::UnderFault;

pub(super) async fn locking(
    State(cloud): State<Arc<Cloud>>,
    Path((site, lock)): Path<(String, String)>,
    fault: Option<Extension<UnderFault>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let fault = fault.map(|Extension(fault)| fault);
    let received_at = fault.as_ref().map_or_else(Utc::now, |fault| fault.received_at);
    let now = cloud.clock.now();
    let lock_id = lock.parse().ok();
    let mut live = cloud.live();
    let user = caller(&cloud, &live, &headers);
    let decision = match &user {
        Ok(user) => decide(&mut live, user, (&site, lock_id), (&headers, &body), now),
        Err(verdict) => Err((*verdict).into()),
    };
    let (verdict, response) = match decision {
        Ok(()) => (Verdict::Opened, opened(lock_id)),
        Err(refused) => (refused.verdict, refused.answer.into_response()),
    };
    let place = lock_id.and_then(|id| live.locks.get(&id)).cloned();
    let status = response.status().as_u16();
    let command = Command {
        received_at,
        lock_id,
        lock: place.as_ref().map(|place| Arc::clone(&place.name)),
        iq_id: place.as_ref().map(|place| place.iq),
        username: user.ok(),
        verdict,
        status: fault.as_ref().map_or(Some(status), |fault| fault.status_on_the_wire(status)),
        fault: fault.map(|fault| fault.kind),
    };
    let opening = record(&mut live, &command, place, now);
    drop(live);
    cloud.tell(Happening::Command(command));
    if let Some(opening) = opening {
        cloud.tell(Happening::Opening(opening));
    }
    response
}

/// A refusal with the name it is recorded under.
struct Refused {
    verdict: Verdict,
    answer: Refusal,
}

impl From<Verdict> for Refused {
    fn from(verdict: Verdict) -> Self {
        Self { verdict, answer: verdict.into() }
    }
}

/// The answer says what the cloud and then the IQ found; the OTP is looked at last but for the
/// activation, so that no other mistake costs an attempt.
fn decide(
    live: &mut Live,
    user: &Arc<str>,
    (site, lock): (&str, Option<Uuid>),
    (headers, body): (&HeaderMap, &Bytes),
    now: DateTime<Utc>,
) -> Result<(), Refused> {
    let site = rights::site(live, user, site)?.id;
    let place = live.locks.get(&lock.ok_or(Verdict::IdInvalid)?);
    let iq = place.filter(|place| place.site == site).ok_or(Verdict::NotFound)?.iq;
    if !rights::may_open(live, user) {
        return Err(Verdict::Forbidden.into());
    }
    let body = JsonBody::parse(headers, body)
        .map_err(|answer| Refused { verdict: Verdict::BadRequest, answer })?;
    if body.text("locked_state") != Some("unlocked") {
        return Err(Verdict::BadRequest.into());
    }
    live.check_otp(iq, user, body.otp()?, now)?;
    // The OTP is right and yet nobody activated with it. [M]
    if live.is_activated(iq, user) { Ok(()) } else { Err(Verdict::PinNotChanged.into()) }
}

fn opened(lock: Option<Uuid>) -> Response {
    json_answer(StatusCode::OK, &json!({"id": lock, "locked_state": "unlocked"}))
}

fn record(
    live: &mut Live,
    command: &Command,
    place: Option<LockPlace>,
    now: DateTime<Utc>,
) -> Option<Opening> {
    let command_seq = live.records.commands.push(command.clone());
    let (place, lock_id) = (place?, command.lock_id?);
    let username = command.username.clone()?;
    let category = match command.verdict {
        Verdict::Opened => EntryCategory::LockOpened,
        Verdict::OtpInvalid | Verdict::OtpBlocked | Verdict::PinNotChanged => {
            EntryCategory::LockRejected
        }
        // These never reached the lock's IQ.
        Verdict::Unauthorized
        | Verdict::Forbidden
        | Verdict::IdInvalid
        | Verdict::BadRequest
        | Verdict::NotFound
        | Verdict::OtpMissing
        | Verdict::IqOffline
        | Verdict::Fault => return None,
    };
    let entry = Entry { category, time: now, lock_id, username: Arc::clone(&username) };
    live.records.entries.entry(place.site).or_default().push(entry);
    if category == EntryCategory::LockRejected {
        return None;
    }
    let open_seconds = live.world.settings.open_seconds;
    if let Some(place) = live.locks.get_mut(&lock_id) {
        place.open_until = Some(now + TimeDelta::seconds(i64::from(open_seconds)));
    }
    let opening = Opening {
        opened_at: Utc::now(),
        lock_id,
        lock: place.name,
        iq_id: place.iq,
        site_id: place.site,
        username,
        access_by: "remote",
        command_seq,
        open_seconds,
    };
    live.records.openings.push(opening.clone());
    Some(opening)
}
