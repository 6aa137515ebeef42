//! Counts every call, and applies the faults that are on for it.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use chrono::{DateTime, Utc};

use super::account::{BODY_LIMIT, RequestOfAccount, find_account};
use super::failure::{fail, wire_status};
use crate::cloud::Cloud;
use crate::faults::{AppliedFault, Call, CallKind, FaultKind, FaultSpec, FaultsOfCall, WireStatus};
use crate::records::{Command, CommandResult, NewRecord};
use crate::wire::{ConnectionControl, bearer_token, empty_answer};

pub(crate) async fn inject_faults(
    State(cloud): State<Arc<Cloud>>,
    ConnectInfo(connection): ConnectInfo<ConnectionControl>,
    request: Request,
    next: Next,
) -> Response {
    let Some(call) = Call::of(request.method(), request.uri().path()) else {
        return next.run(request).await;
    };
    let RequestOfAccount { request, username } =
        match find_account(&cloud, call.kind, request).await {
            Ok(found) => found,
            Err(response) => return response,
        };
    match count_and_find_faults(&cloud, &call, username.as_deref()) {
        None => next.run(request).await,
        Some(faults) => {
            let call = CallWithFaults { call, faults, received_at: Utc::now() };
            call.answer(&cloud, &connection, request, next).await
        }
    }
}

fn count_and_find_faults(
    cloud: &Cloud,
    call: &Call,
    username: Option<&str>,
) -> Option<FaultsOfCall> {
    let mut state = cloud.state();
    *state.records.calls.entry(call.kind).or_default() += 1;
    if state.faults.is_empty() {
        return None;
    }
    let lock = call.lock.and_then(|id| state.locks.get(&id));
    let iq = call.iq.or(lock.and_then(|lock| lock.iq));
    state.faults.apply(call, iq, username)
}

struct CallWithFaults {
    call: Call,
    faults: FaultsOfCall,
    received_at: DateTime<Utc>,
}

impl CallWithFaults {
    async fn answer(
        &self,
        cloud: &Cloud,
        connection: &ConnectionControl,
        request: Request,
        next: Next,
    ) -> Response {
        // The request is read completely first: closing a connection with unread data sends RST.
        let (parts, body) = request.into_parts();
        let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
            return empty_answer(StatusCode::BAD_REQUEST);
        };
        let request = Request::from_parts(parts, Body::from(body));
        let failure = self.faults.failure.as_ref();
        let answer = if failure.is_none_or(FaultSpec::is_carried_out) {
            self.carry_out(request, next).await
        } else {
            if self.call.kind == CallKind::Open {
                self.record_command(cloud, bearer_token(request.headers()));
            }
            tokio::time::sleep(self.faults.delay_before).await;
            empty_answer(StatusCode::OK)
        };
        tokio::time::sleep(self.faults.delay_after).await;
        match failure {
            None => answer,
            Some(failure) => fail(failure, self.call.kind, connection, answer).await,
        }
    }

    /// Runs the handler in a task of its own, because Salto completes a call although the caller has
    /// closed the connection.
    async fn carry_out(&self, mut request: Request, next: Next) -> Response {
        request.extensions_mut().insert(self.applied_fault());
        let delay = self.faults.delay_before;
        let handler = tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            next.run(request).await
        });
        handler.await.unwrap_or_else(|_| empty_answer(StatusCode::INTERNAL_SERVER_ERROR))
    }

    fn applied_fault(&self) -> AppliedFault {
        let failure = self.faults.failure.as_ref();
        AppliedFault {
            kind: failure.map_or(FaultKind::Delay, |failure| failure.kind),
            received_at: self.received_at,
            wire_status: failure.map_or(WireStatus::Unchanged, wire_status),
        }
    }

    /// Records a command that is received but not carried out.
    fn record_command(&self, cloud: &Cloud, token: Option<&str>) {
        let fault = self.applied_fault();
        let mut state = cloud.state();
        let lock = self.call.lock.and_then(|id| state.locks.get(&id));
        let grant = token.and_then(|token| state.tokens.access(token, cloud.clock.now()));
        let command = Command {
            received_at: fault.received_at,
            lock_id: self.call.lock,
            lock: lock.map(|lock| Arc::clone(&lock.name)),
            iq_id: lock.and_then(|lock| lock.iq),
            username: grant.map(|grant| Arc::clone(&grant.username)),
            result: CommandResult::Fault,
            status: fault.wire_status.of(200),
            fault: Some(fault.kind),
        };
        state.records.commands.push(command.clone());
        drop(state);
        cloud.publish(NewRecord::Command(command));
    }
}
