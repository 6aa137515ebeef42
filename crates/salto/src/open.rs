//! The open command, or its rehearsal: sent in time or not at all, and judged by the table of verdicts.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::CONTENT_LENGTH;
use reqwest::{Body, Method, Request, Response, StatusCode};
use tokio::time::{Instant, timeout, timeout_at};

use crate::answer::{self, Subject};
use crate::breaker::Health;
use crate::call::{Api, lost, read_body, request};
use crate::environment::below;
use crate::error::{CallError, Cause, OpenError};
use crate::gate::{Command, Gate, Stayed};
use crate::otp::OtpKey;
use crate::site::Prepared;
use crate::verdict::{self, Row};

/// A body is read this far and this long; an error's status says most of it anyway.
const BODY_LIMIT: usize = 64 << 10;
const BODY_TIME: Duration = Duration::from_secs(2);

/// Connecting for this long without coming through is the host's fault, whatever cut it short
/// (decision).
const CONNECT_PATIENCE: Duration = Duration::from_secs(1);

/// How a command ended, and what that says about the host.
type Ended = Result<(), (OpenError, Health)>;

/// What Salto is asked for with a one-time password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// To open the lock.
    Open,
    /// To look at the password and to leave the IQ's PIN as it is, which touches no door \[M\].
    Probe,
}

impl Order {
    const fn head(self) -> &'static str {
        match self {
            Self::Open => r#"{"locked_state":"unlocked","otp":""#,
            Self::Probe => r#"{"delta":"0000","otp":""#,
        }
    }

    fn request(self, api: &Api, prepared: &Prepared) -> Request {
        let (site, lock) = (prepared.site_id.to_string(), prepared.lock_id.to_string());
        let (method, path) = match self {
            Self::Open => (Method::PATCH, ["locks", &lock, "locking"]),
            Self::Probe => (Method::PUT, ["iqs", &prepared.iq_id, "pin"]),
        };
        let url = below(&api.environment.api_url, &[&["v1.2", "sites", &site], &path[..]].concat());
        request(method, url, prepared.token.header())
    }
}

/// Sends the command, before `leave_before` or not at all, and waits for the answer for `limit` in
/// all. Nothing is sent while the host is left alone.
pub(crate) async fn open(
    api: &Api,
    (order, prepared): (Order, &Prepared),
    key: &OtpKey,
    leave_before: DateTime<Utc>,
    limit: Duration,
) -> Result<(), OpenError> {
    let permit = api.breakers.api.ask().map_err(|error| verdict::NOT_ASKED.error(error))?;
    let gate = Gate::new();
    let command = Command {
        gate: gate.clone(),
        head: order.head(),
        key: key.clone(),
        clock: api.clock.clone(),
        leave_before,
        done: false,
    };
    let mut request = order.request(api, prepared);
    *request.body_mut() = Some(Body::wrap(command));
    let sending = api.send(request);
    let leave_within = (leave_before - Utc::now()).to_std().unwrap_or(Duration::ZERO);
    let ended = send(sending, &gate, leave_within, limit).await;
    match &ended {
        Ok(()) => permit.works(),
        Err((error, host)) => permit.tell(*host, Some(&prepared.iq_id), error),
    }
    ended.map_err(|(error, _)| error)
}

/// Waits until the deadline for leaving; then, if it has left, until the limit.
async fn send(
    sending: impl Future<Output = Result<Response, reqwest::Error>>,
    gate: &Gate,
    leave_within: Duration,
    limit: Duration,
) -> Ended {
    let started = Instant::now();
    let mut sending = std::pin::pin!(sending);
    let mut answered = timeout(leave_within.min(limit), &mut sending).await;
    if answered.is_err() {
        match gate.call_off() {
            Some(_) if leave_within <= limit => return late(started.elapsed()),
            Some(how) => return stayed(how, None),
            None => answered = timeout_at(started + limit, &mut sending).await,
        }
    }
    match answered {
        Ok(Ok(response)) => judge(response, started + limit).await,
        Ok(Err(error)) => match gate.call_off() {
            Some(how) => stayed(how, Some(lost(&error))),
            None => failed(&verdict::LOST, lost(&error)),
        },
        Err(_) => failed(&verdict::LOST, own_words("no answer within the time limit")),
    }
}

/// The deadline for leaving passed after so much time of connecting.
fn late(connecting: Duration) -> Ended {
    let host = if connecting < CONNECT_PATIENCE { verdict::LATE.host } else { Health::Down };
    Err((verdict::LATE.error(own_words("")), host))
}

/// The command has not left and will not.
fn stayed(how: Stayed, error: Option<CallError>) -> Ended {
    let none_in_time = || own_words("no connection within the time limit");
    match how {
        Stayed::Late => failed(&verdict::LATE, own_words("")),
        Stayed::CalledOff => failed(&verdict::NO_CONNECTION, error.unwrap_or_else(none_in_time)),
    }
}

fn failed(row: &Row, error: CallError) -> Ended {
    Err((row.error(error), row.host))
}

/// An error whose cause the row says.
fn own_words(detail: &'static str) -> CallError {
    CallError::new(Cause::Unanswered, detail)
}

async fn judge(response: Response, deadline: Instant) -> Ended {
    let (status, headers) = (response.status(), response.headers().clone());
    tracing::debug!(status = status.as_u16(), "Salto answered a command");
    if status.is_success() {
        // The headers are the answer. The rest is read aside, so that the connection serves again.
        if headers.get(CONTENT_LENGTH).is_none_or(|length| length != "0") {
            tokio::spawn(timeout(BODY_TIME, read_body(response, BODY_LIMIT)));
        }
        return Ok(());
    }
    let until = deadline.min(Instant::now() + BODY_TIME);
    let body = timeout_at(until, read_body(response, BODY_LIMIT)).await;
    let whole = body.ok().and_then(Result::ok);
    // A 404 that breaks off may have been Salto's word on the one-time password, and sending another
    // one is no way to find out: it is taken for any other refusal that is not in Salto's form.
    let read_as = match (status, &whole) {
        (StatusCode::NOT_FOUND, None) => StatusCode::BAD_REQUEST,
        (_, Some(_) | None) => status,
    };
    let (error, row) =
        answer::refusal(read_as, &headers, &whole.unwrap_or_default(), Subject::Lock);
    failed(row, CallError { status: Some(status.as_u16()), ..error })
}
