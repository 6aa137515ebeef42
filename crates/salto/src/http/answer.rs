//! The error that an answer makes, and `Retry-After`.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

use super::salto_error::SaltoError;
use crate::breaker::{CallPath, Caller, Part};
use crate::classification::{self, ErrorBody, Row};
use crate::error::{CallError, Cause};

/// What a call is about. The meaning of a refusal depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallTarget<'a> {
    /// The account's sites.
    Sites,
    /// The site, or a list of it.
    Site,
    /// The site's event log.
    EventLog,
    /// A call that Salto has not documented, at a path that the configuration names.
    Unpublished,
    /// A lock.
    Lock,
    /// An IQ of this id.
    Iq(&'a str),
    /// Secret or PIN of the IQ of this id, which Salto gives only until this user is activated there.
    FirstSecret(&'a str),
}

impl CallTarget<'_> {
    /// The cause where Salto answers 404 or "bad parameter".
    const fn missing(self) -> Cause {
        match self {
            Self::Sites => Cause::Unavailable,
            Self::Site => Cause::SiteNotFound,
            Self::EventLog | Self::Unpublished => Cause::Forbidden,
            Self::Lock => Cause::LockNotFound,
            Self::Iq(_) | Self::FirstSecret(_) => Cause::IqNotFound,
        }
    }
}

/// What a call by this caller about `target` is attributed to.
pub(crate) fn path(caller: &Arc<Caller>, target: CallTarget<'_>) -> CallPath {
    match target {
        CallTarget::Sites => CallPath::to(caller, Part::Sites),
        CallTarget::Site | CallTarget::Lock => CallPath::to(caller, Part::Site),
        CallTarget::EventLog => CallPath::to(caller, Part::EventLog),
        CallTarget::Unpublished => CallPath::to(caller, Part::Unpublished),
        CallTarget::Iq(iq) | CallTarget::FirstSecret(iq) => {
            CallPath::to_iq(caller, iq, Part::Activation)
        }
    }
}

/// The error that an answer makes for a call about `target`, and the row that it has for an open
/// command.
pub(crate) fn refusal(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    target: CallTarget<'_>,
) -> (CallError, &'static Row) {
    let salto = SaltoError::read(headers, body);
    let row = classification::row_of_answer(status.as_u16(), salto.body);
    let cause = cause(status, &salto, row.cause(), target);
    let of_right = matches!(salto.body, ErrorBody::OtherOfSalto | ErrorBody::BadId);
    let detail = match (cause, &salto.iq_code) {
        (Cause::Forbidden, _) if status == StatusCode::FORBIDDEN && of_right => {
            "the user lacks a right at the site, or is blocked".into()
        }
        (Cause::IqRefused, Some(code)) => format!("it gave the code `{code}`").into(),
        (Cause::IqRefused, None) => "it gave a code that is not known".into(),
        _ => Cow::Borrowed(""),
    };
    let mut error = CallError::new(cause, detail);
    error.retry_after = retry_after(headers, Utc::now());
    error.status = Some(status.as_u16());
    error.code = salto.code;
    error.iq_code = salto.iq_code.filter(|_| cause == Cause::IqRefused);
    (error, row)
}

/// The cause for a call about `target`, where the open command has the cause `of_command`.
fn cause(
    status: StatusCode,
    salto: &SaltoError,
    of_command: Cause,
    target: CallTarget<'_>,
) -> Cause {
    let refused = matches!(of_command, Cause::Forbidden | Cause::IqRefused | Cause::LockNotFound)
        || (of_command == Cause::Unavailable && status == StatusCode::NOT_FOUND);
    match target {
        CallTarget::FirstSecret(_) if refused && salto.already_activated => Cause::AlreadyActivated,
        // The log, or the path of an unpublished call, may not exist.
        CallTarget::EventLog | CallTarget::Unpublished if refused => Cause::Forbidden,
        CallTarget::Sites
        | CallTarget::Site
        | CallTarget::EventLog
        | CallTarget::Unpublished
        | CallTarget::Lock
        | CallTarget::Iq(_)
        | CallTarget::FirstSecret(_) => match of_command {
            Cause::LockNotFound => target.missing(),
            other => other,
        },
    }
}

/// The limit of `Retry-After` (`docs/contract.md`, invariant 3). A longer pause would be a mistake that
/// keeps doors shut.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(15 * 60);

/// The wait by `Retry-After`, which has seconds or a date. A date is by the clock of the host that
/// answered: it is measured against the answer's own `Date`, or against `received` without one.
pub(crate) fn retry_after(headers: &HeaderMap, received: DateTime<Utc>) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let pause = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        // A number that is too large for the type.
        Err(_) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => {
            RETRY_AFTER_MAX
        }
        Err(_) => {
            let date = headers.get(DATE).and_then(|date| date.to_str().ok()).and_then(http_date);
            (http_date(text)? - date.unwrap_or(received)).to_std().unwrap_or(Duration::ZERO)
        }
    };
    Some(pause.min(RETRY_AFTER_MAX))
}

fn http_date(text: &str) -> Option<DateTime<Utc>> {
    Some(DateTime::parse_from_rfc2822(text.trim()).ok()?.with_timezone(&Utc))
}

#[cfg(test)]
mod tests;
