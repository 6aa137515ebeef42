//! Sends the open command, or its rehearsal, while its permission is fresh or not at all, and classifies the
//! answer.

use std::time::Duration;

use chrono::Utc;
use reqwest::{Body, Method, Request, Response, StatusCode};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::permission::{RenewPermission, SendPermission};
use super::prepared::PreparedLock;
use super::send_guard::{CommandBody, NotSent, SendGuard};
use crate::breaker::{CallPath, HostHealth, Part};
use crate::classification::{self, Classification, Row};
use crate::environment::url::below;
use crate::error::{CallError, Cause, Certainty};
use crate::http::answer::{self, CallTarget};
use crate::http::salto_client::{ReceivedBody, SaltoClient, call_error, read_until, request};
use crate::open_error::OpenError;
use crate::otp::OtpKey;

/// A body is read up to this length and for this time: the status says most of it.
const BODY_LIMIT: usize = 64 << 10;
const BODY_TIME: Duration = Duration::from_secs(2);

/// Connecting that takes this long counts against the host, whatever ended it (decision).
const SLOW_CONNECT: Duration = Duration::from_secs(1);

/// How a command ended; an error comes with what it says about the host.
type CommandResult = Result<(), (OpenError, HostHealth)>;

/// What the command asks Salto for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CommandKind {
    /// Open the lock.
    Open,
    /// Check the one-time password and leave the IQ's PIN as it is. This touches no door
    /// (`docs/salto-ks.md`, Connect API).
    VerifyOtp,
}

/// A command to be sent.
pub(crate) struct Command<'a> {
    pub(crate) kind: CommandKind,
    pub(crate) lock: &'a PreparedLock,
    /// None where the IQ needs no one-time password.
    pub(crate) key: Option<&'a OtpKey>,
    pub(crate) permission: SendPermission,
    /// The time limit for sending and the answer together.
    pub(crate) limit: Duration,
}

impl Command<'_> {
    /// The text of the body before the one-time password, or before its end.
    const fn body_prefix(&self) -> &'static str {
        match self.kind {
            CommandKind::Open => r#"{"locked_state":"unlocked""#,
            CommandKind::VerifyOtp => r#"{"delta":"0000""#,
        }
    }

    /// What the command is attributed to.
    fn path(&self, client: &SaltoClient) -> CallPath {
        let part = match self.kind {
            CommandKind::Open => Part::Lock(self.lock.lock_id),
            CommandKind::VerifyOtp => Part::Activation,
        };
        CallPath::to_iq(&client.caller, &self.lock.iq_id, part)
    }

    fn request(&self, client: &SaltoClient, guard: &SendGuard) -> Request {
        let (site, lock) = (self.lock.site_id.to_string(), self.lock.lock_id.to_string());
        let (method, path) = match self.kind {
            CommandKind::Open => (Method::PATCH, ["locks", &lock, "locking"]),
            CommandKind::VerifyOtp => (Method::PUT, ["iqs", &self.lock.iq_id, "pin"]),
        };
        let path = [&["v1.2", "sites", &site], &path[..]].concat();
        let url = below(&client.environment.api_url, &path);
        let mut request = request(method, url, self.lock.token.header());
        *request.body_mut() = Some(Body::wrap(CommandBody {
            guard: guard.clone(),
            prefix: self.body_prefix(),
            key: self.key.cloned(),
            clock: client.clock.clone(),
            done: false,
        }));
        request
    }
}

/// Sends the command and waits for the answer. Nothing is sent while the circuit breaker is open.
pub(crate) async fn send(
    client: &SaltoClient,
    command: &Command<'_>,
    renewal: &mut impl RenewPermission,
) -> Result<(), OpenError> {
    let permitted = client.breakers.api.permit(command.path(client));
    let permit = permitted.map_err(|error| classification::BREAKER_OPEN.error(error))?;
    let guard = SendGuard::new(command.permission);
    let answer = client.send(command.request(client, &guard));
    let result = wait_for_answer(answer, &guard, renewal, command.limit).await;
    match &result {
        Ok(()) => permit.record_success(),
        Err((error, health)) => permit.record(*health, error),
    }
    result.map_err(|(error, _)| OpenError { otp_time: guard.otp_time().map(Box::new), ..error })
}

/// Waits until the deadline for sending, and renews the permission where the connection waits for that; then,
/// if the command was sent, until the limit.
async fn wait_for_answer(
    answer: impl Future<Output = Result<Response, reqwest::Error>>,
    guard: &SendGuard,
    renewal: &mut impl RenewPermission,
    limit: Duration,
) -> CommandResult {
    let started = Instant::now();
    let mut answer = std::pin::pin!(answer);
    let answered = loop {
        let (send_by, end) = (send_deadline(guard), started + limit);
        let deadline = send_by.min(end);
        tokio::select! {
            biased;
            answered = &mut answer => break Ok(answered),
            () = guard.renewal_wanted() => tokio::select! {
                biased;
                answered = &mut answer => break Ok(answered),
                renewed = timeout_at(deadline, renewal.renew()) => match renewed {
                    Ok(Some(permission)) => guard.renew(permission),
                    Ok(None) => {
                        guard.cancel();
                        return failed(&classification::WITHDRAWN, detail_only(""));
                    }
                    // The next turn of the loop cancels the command.
                    Err(_) => {}
                },
            },
            () = sleep_until(deadline) => match guard.cancel() {
                Some(NotSent::Unconnected) if send_by <= end => return expired(started.elapsed()),
                Some(_) if send_by <= end => return not_sent(NotSent::Expired, None),
                Some(why) => return not_sent(why, None),
                None => break timeout_at(end, &mut answer).await,
            },
        }
    };
    match answered {
        Ok(Ok(response)) => match guard.cancel() {
            None => classify(response, started + limit).await,
            Some(_) => early_answer(classify(response, started + limit).await),
        },
        Ok(Err(error)) => match guard.cancel() {
            Some(why) => not_sent(why, Some(call_error(&error))),
            None => failed(&classification::UNANSWERED, call_error(&error)),
        },
        Err(_) => {
            failed(&classification::UNANSWERED, detail_only("no answer within the time limit"))
        }
    }
}

/// When the permission ends. A time that has passed is now.
fn send_deadline(guard: &SendGuard) -> Instant {
    let left = guard.permission().send_before - Utc::now();
    Instant::now() + left.to_std().unwrap_or(Duration::ZERO)
}

/// The result of a command that was answered while it waited for a renewal: what answered had the head of the
/// request alone. The command was not sent, so it had no effect.
fn early_answer(answer: CommandResult) -> CommandResult {
    match answer {
        Err((error, health)) if error.certainty == Certainty::NeverHappened => {
            Err((OpenError { written: false, ..error }, health))
        }
        Ok(()) | Err(_) => {
            let error = detail_only("an answer came before the command");
            Err((classification::NO_CONNECTION.error(error), HostHealth::Failed))
        }
    }
}

/// The deadline for sending passed after this time of connecting.
fn expired(connecting: Duration) -> CommandResult {
    let row = &classification::EXPIRED;
    let health = if connecting < SLOW_CONNECT { row.health } else { HostHealth::Unreachable };
    Err((row.error(detail_only("")), health))
}

/// The command was not sent and will not be.
fn not_sent(why: NotSent, error: Option<CallError>) -> CommandResult {
    match (why, error) {
        (NotSent::Expired, _) => failed(&classification::EXPIRED, detail_only("")),
        (NotSent::Unconnected | NotSent::Unrenewed, Some(error)) => {
            let row = &classification::NO_CONNECTION;
            // A connection that there was, and that broke off, says less about the host.
            let connected = error.cause == Cause::Unanswered;
            let health = if connected { HostHealth::Failed } else { row.health };
            Err((row.error(error), health))
        }
        (NotSent::Unconnected, None) => {
            let none_in_time = detail_only("no connection within the time limit");
            failed(&classification::NO_CONNECTION, none_in_time)
        }
        // There was a connection: the host works.
        (NotSent::Unrenewed, None) => {
            let not_in_time = detail_only("its permission was not renewed in time");
            failed(&classification::WITHDRAWN, not_in_time)
        }
    }
}

fn failed(row: &Row, error: CallError) -> CommandResult {
    Err((row.error(error), row.health))
}

/// An error with a detail; the row sets its cause.
fn detail_only(detail: &'static str) -> CallError {
    CallError::new(Cause::Unanswered, detail)
}

async fn classify(response: Response, deadline: Instant) -> CommandResult {
    let (status, headers) = (response.status(), response.headers().clone());
    tracing::debug!(status = status.as_u16(), "answer to an open command");
    let until = deadline.min(Instant::now() + BODY_TIME);
    let ReceivedBody { bytes, whole } = read_until(response, BODY_LIMIT, until).await;
    // Of a 2xx, what has arrived says whether a host in front of Salto answered, or Salto with an error.
    // Any other answer is read only if it is whole.
    let body = if whole || status.is_success() { &bytes[..] } else { &[] };
    // A 404 that breaks off may have been about the one-time password, and a second password must not
    // be used to find out (docs/contract.md, invariant 5): it is read like any other refusal that is
    // not in Salto's form.
    let read_as = match (status, whole) {
        (StatusCode::NOT_FOUND, false) => StatusCode::BAD_REQUEST,
        (_, true | false) => status,
    };
    let (error, row) = answer::refusal(read_as, &headers, body, CallTarget::Lock);
    match row.classification {
        Classification::Opened => Ok(()),
        Classification::Failed { .. } => {
            failed(row, CallError { status: Some(status.as_u16()), ..error })
        }
    }
}
