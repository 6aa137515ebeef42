//! Where every call passes first: it is counted, and meets the faults that are switched on for it.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::call::{Call, CallKind};
use super::caller::caller;
use super::fault::{FaultKind, FaultOrder};
use super::set::Plan;
use super::wire::{Ending, Switch};
use crate::answer::{empty_answer, json_answer};
use crate::cloud::{Cloud, Command, Happening};
use crate::connect::{Verdict, bearer_token};

/// No call of these hosts has a body anywhere near this.
pub(super) const BODY_LIMIT: usize = 1024 * 1024;

/// Handed to a handler that is carried out under a fault.
#[derive(Clone)]
pub(crate) struct UnderFault {
    pub(crate) kind: FaultKind,
    pub(crate) received_at: DateTime<Utc>,
    answered: Answered,
}

/// What of a fault the caller sees.
#[derive(Clone, Copy)]
enum Answered {
    Truly,
    With(u16),
    Never,
}

impl UnderFault {
    pub(crate) fn status_on_the_wire(&self, real: u16) -> Option<u16> {
        match self.answered {
            Answered::Truly => Some(real),
            Answered::With(status) => Some(status),
            Answered::Never => None,
        }
    }
}

pub(crate) async fn gate(
    State(cloud): State<Arc<Cloud>>,
    ConnectInfo(switch): ConnectInfo<Switch>,
    request: Request,
    next: Next,
) -> Response {
    let Some(call) = Call::of(request.method(), request.uri().path()) else {
        return next.run(request).await;
    };
    let (username, request) = match caller(&cloud, call.kind, request).await {
        Ok(known) => known,
        Err(response) => return response,
    };
    match count_and_strike(&cloud, &call, username.as_deref()) {
        None => next.run(request).await,
        Some(plan) => meet(cloud, switch, call, plan, request, next).await,
    }
}

fn count_and_strike(cloud: &Cloud, call: &Call, username: Option<&str>) -> Option<Plan> {
    let mut live = cloud.live();
    *live.records.calls.entry(call.kind).or_default() += 1;
    if live.faults.is_empty() {
        return None;
    }
    let place = call.lock.and_then(|id| live.locks.get(&id));
    let iq = call.iq.or(place.map(|place| place.iq));
    live.faults.strike(call, iq, username)
}

async fn meet(
    cloud: Arc<Cloud>,
    switch: Switch,
    call: Call,
    plan: Plan,
    request: Request,
    next: Next,
) -> Response {
    let received_at = Utc::now();
    // The request is read in full first: a close with some of it unread would send RST.
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        return empty_answer(StatusCode::BAD_REQUEST);
    };
    let mut request = Request::from_parts(parts, Body::from(body));
    let carried_out = plan.end.as_ref().is_none_or(FaultOrder::is_carried_out);
    let under = UnderFault {
        kind: plan.end.as_ref().map_or(FaultKind::Delay, |order| order.kind),
        received_at,
        answered: plan.end.as_ref().map_or(Answered::Truly, answered),
    };
    let real = if carried_out {
        request.extensions_mut().insert(under);
        // In a task of its own: Salto goes on although the caller has given up.
        let delay = plan.delay_before;
        let run = tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            next.run(request).await
        });
        run.await.unwrap_or_else(|_| empty_answer(StatusCode::INTERNAL_SERVER_ERROR))
    } else {
        if call.kind == CallKind::Open {
            record_unopened(&cloud, &call, bearer_token(request.headers()), &under);
        }
        tokio::time::sleep(plan.delay_before).await;
        empty_answer(StatusCode::OK)
    };
    tokio::time::sleep(plan.delay_after).await;
    match plan.end {
        None => real,
        Some(order) => end(&order, call.kind, &switch, real).await,
    }
}

fn answered(order: &FaultOrder) -> Answered {
    match order.kind {
        FaultKind::Delay | FaultKind::HalfAnswer => Answered::Truly,
        FaultKind::Status => Answered::With(order.status.unwrap_or(500)),
        FaultKind::RateLimit => Answered::With(429),
        FaultKind::IdentityGone => Answered::With(404),
        FaultKind::Reset | FaultKind::NoAnswer | FaultKind::OpenedThenDropped => Answered::Never,
    }
}

async fn end(order: &FaultOrder, call: CallKind, switch: &Switch, real: Response) -> Response {
    match order.kind {
        FaultKind::Delay => {}
        FaultKind::Status => return other_answer(order, call, order.status.unwrap_or(500), None),
        FaultKind::RateLimit => return other_answer(order, call, 429, Some("1")),
        FaultKind::IdentityGone => return empty_answer(StatusCode::NOT_FOUND),
        FaultKind::Reset | FaultKind::OpenedThenDropped => switch.set(Ending::Reset),
        FaultKind::HalfAnswer => switch.set(Ending::Half),
        FaultKind::NoAnswer => {
            tokio::time::sleep(order.hold()).await;
            switch.set(Ending::Close);
        }
    }
    real
}

fn other_answer(
    order: &FaultOrder,
    call: CallKind,
    status: u16,
    default_retry_after: Option<&str>,
) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let (code_member, message_member) =
        if call.is_identity() { ("error", "error_description") } else { ("ErrorCode", "Message") };
    let mut response = match (&order.error_code, &order.message) {
        (None, None) => empty_answer(status),
        (code, message) => {
            json_answer(status, &json!({code_member: code, message_member: message}))
        }
    };
    let retry_after = match &order.retry_after {
        Some(Value::String(text)) => Some(text.clone()),
        Some(other) => Some(other.to_string()),
        None => default_retry_after.map(str::to_owned),
    };
    if let Some(Ok(value)) = retry_after.map(|text| HeaderValue::from_str(&text)) {
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
    response
}

/// A command that a fault kept from being carried out is received all the same.
fn record_unopened(cloud: &Cloud, call: &Call, token: Option<&str>, under: &UnderFault) {
    let mut live = cloud.live();
    let place = call.lock.and_then(|id| live.locks.get(&id));
    let grant = token.and_then(|token| live.tokens.access(token, cloud.clock.now()));
    let command = Command {
        received_at: under.received_at,
        lock_id: call.lock,
        lock: place.map(|place| Arc::clone(&place.name)),
        iq_id: place.map(|place| place.iq),
        username: grant.map(|grant| Arc::clone(&grant.username)),
        verdict: Verdict::Fault,
        status: under.status_on_the_wire(200),
        fault: Some(under.kind),
    };
    live.records.commands.push(command.clone());
    drop(live);
    cloud.tell(Happening::Command(command));
}
