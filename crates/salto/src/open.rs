//! The open command, and the verdict on whether it happened.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::CONTENT_LENGTH;
use reqwest::{Body, Method, Request, Response, StatusCode};
use tokio::time::{Instant, timeout, timeout_at};

use crate::answer::{self, Subject};
use crate::call::{Api, lost, read_body, request};
use crate::environment::below;
use crate::error::{CallError, Cause, Certainty, OpenError};
use crate::gate::{Gate, OpenCommand, Stayed};
use crate::otp::OtpKey;
use crate::site::Prepared;

/// A body is read this far and this long; an error's status says most of it anyway.
const BODY_LIMIT: usize = 64 << 10;
const BODY_TIME: Duration = Duration::from_secs(2);

/// Sends the command, before `leave_before` or not at all, and waits for the answer for `limit` in
/// all.
pub(crate) async fn open(
    api: &Api,
    prepared: &Prepared,
    key: &OtpKey,
    leave_before: DateTime<Utc>,
    limit: Duration,
) -> Result<(), OpenError> {
    let started = Instant::now();
    let gate = Gate::new();
    let command = OpenCommand {
        gate: gate.clone(),
        key: key.clone(),
        clock: api.clock.clone(),
        leave_before,
        done: false,
    };
    let mut sending = std::pin::pin!(api.send(command_request(api, prepared, command)));
    let leave_within = (leave_before - Utc::now()).to_std().unwrap_or(Duration::ZERO);

    // Until the deadline for leaving; then, if it has left, until the limit.
    let mut answered = timeout(leave_within.min(limit), &mut sending).await;
    if answered.is_err() {
        match gate.call_off() {
            Some(_) if leave_within <= limit => return Err(stayed(Stayed::Late, None)),
            Some(how) => return Err(stayed(how, None)),
            None => answered = timeout_at(started + limit, &mut sending).await,
        }
    }
    match answered {
        Ok(Ok(response)) => verdict(response, started + limit).await,
        Ok(Err(error)) => match gate.call_off() {
            Some(how) => Err(stayed(how, Some(lost(&error)))),
            None => Err(unanswered(lost(&error).detail)),
        },
        Err(_) => Err(unanswered("no answer within the time limit".into())),
    }
}

fn command_request(api: &Api, prepared: &Prepared, command: OpenCommand) -> Request {
    let (site, lock) = (prepared.site_id.to_string(), prepared.lock_id.to_string());
    let path = ["v1.2", "sites", &site, "locks", &lock, "locking"];
    let url = below(&api.environment.api_url, &path);
    let mut request = request(Method::PATCH, url, &prepared.token);
    *request.body_mut() = Some(Body::wrap(command));
    request
}

/// The command has not left and will not.
fn stayed(how: Stayed, error: Option<CallError>) -> OpenError {
    let error = match (how, error) {
        (Stayed::Late, _) => CallError::new(Cause::Late, ""),
        (Stayed::CalledOff, Some(error)) => CallError { cause: Cause::Unavailable, ..error },
        (Stayed::CalledOff, None) => {
            CallError::new(Cause::Unavailable, "no connection within the time limit")
        }
    };
    OpenError::from_call(error, Certainty::NeverHappened, false)
}

/// The command left, and nothing is known of it.
fn unanswered(detail: std::borrow::Cow<'static, str>) -> OpenError {
    OpenError::from_call(CallError::new(Cause::Unanswered, detail), Certainty::Unknown, true)
}

async fn verdict(response: Response, deadline: Instant) -> Result<(), OpenError> {
    let (status, headers) = (response.status(), response.headers().clone());
    tracing::debug!(status = status.as_u16(), "Salto answered the open command");
    if status.is_success() {
        // The headers are the answer. The rest is read aside, so that the connection serves again.
        if headers.get(CONTENT_LENGTH).is_none_or(|length| length != "0") {
            tokio::spawn(timeout(BODY_TIME, read_body(response, BODY_LIMIT)));
        }
        return Ok(());
    }
    let until = deadline.min(Instant::now() + BODY_TIME);
    let body = timeout_at(until, read_body(response, BODY_LIMIT)).await;
    let body = body.ok().and_then(Result::ok).unwrap_or_default();
    let error = answer::refusal(status, &headers, &body, Subject::Lock);
    let certainty = certainty(status, error.cause);
    Err(OpenError::from_call(error, certainty, true))
}

/// Could it have happened, by what Salto answered? (contract; 404 and 3xx that are not Salto's own
/// answers come from something in front of it \[M\])
fn certainty(status: StatusCode, cause: Cause) -> Certainty {
    match cause {
        Cause::TokenRejected | Cause::RateLimited | Cause::IqOffline => Certainty::NeverHappened,
        Cause::Unavailable if status == StatusCode::SERVICE_UNAVAILABLE => Certainty::NeverHappened,
        Cause::Unavailable if status.is_server_error() => Certainty::Unknown,
        Cause::Unavailable | Cause::NotAsked | Cause::Late => Certainty::NeverHappened,
        Cause::Unanswered => Certainty::Unknown,
        Cause::CredentialsRejected
        | Cause::Forbidden
        | Cause::LockNotFound
        | Cause::SiteNotFound
        | Cause::IqNotFound
        | Cause::AlreadyActivated
        | Cause::NotActivated
        | Cause::OtpInvalid
        | Cause::OtpBlocked
        | Cause::Cache => Certainty::Refused,
    }
}
