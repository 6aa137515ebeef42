//! Salto's error body and `Retry-After`, and the error that an answer makes.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, RETRY_AFTER};
use serde_json::{Map, Value};

use crate::classification::{self, ErrorBody, Row};
use crate::error::{CallError, Cause};

/// What a call is about. The meaning of a refusal depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallTarget {
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
    /// An IQ.
    Iq,
    /// An IQ's secret or PIN, which Salto gives only until this user is activated there.
    FirstSecret,
}

impl CallTarget {
    /// The cause where Salto answers 404 or "bad parameter".
    const fn missing(self) -> Cause {
        match self {
            Self::Sites => Cause::Unavailable,
            Self::Site => Cause::SiteNotFound,
            Self::EventLog | Self::Unpublished => Cause::Forbidden,
            Self::Lock => Cause::LockNotFound,
            Self::Iq | Self::FirstSecret => Cause::IqNotFound,
        }
    }
}

/// `{"ErrorCode": "2202" | 2202, "Message": "…"}` (`docs/salto-ks.md`, Connect API). The message may
/// hold names of persons, and is not passed on.
#[derive(Debug, Clone, PartialEq, Eq)]
struct SaltoError {
    code: Option<String>,
    body: ErrorBody,
    already_activated: bool,
}

impl SaltoError {
    fn read(headers: &HeaderMap, body: &[u8]) -> Self {
        let object: Map<String, Value> = serde_json::from_slice(body).unwrap_or_default();
        let member_code = member(&object, "errorcode");
        let code = match member_code {
            Some(Value::Number(number)) => Some(number.to_string()),
            Some(Value::String(text)) => Some(text.trim().to_ascii_lowercase()),
            _ => None,
        };
        // The code is shown in logs and events: any text that does not look like one is dropped.
        let code = code.filter(|code| {
            (1..=24).contains(&code.len())
                && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
        });
        let message = match member(&object, "message") {
            Some(Value::String(text)) => text.to_ascii_lowercase(),
            _ => String::new(),
        };
        let has = |text: &str| code.as_deref() == Some(text) || message.contains(text);
        let already_activated = has("command_forbidden") || message.contains("already activated");
        let body = if has("otp_blocked") {
            ErrorBody::OtpBlocked
        } else if has("otp_invalid") || code.as_deref() == Some("2202") {
            ErrorBody::OtpInvalid
        } else if has("iq_offline") {
            ErrorBody::IqOffline
        } else if has("pin_not_changed") && !already_activated {
            ErrorBody::PinNotChanged
        } else {
            match code.as_deref() {
                Some("1100" | "1101") => ErrorBody::BadParameter,
                Some(_) => ErrorBody::OtherOfSalto,
                None if member_code.is_some_and(|code| !code.is_null() && code != "") => {
                    ErrorBody::OddCode
                }
                None if is_html(headers, body) => ErrorBody::Html,
                None => ErrorBody::NotSaltos,
            }
        };
        Self { code, body, already_activated }
    }
}

fn member<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// Whether a body is HTML: its type says so, or it begins like it. An empty body is not.
fn is_html(headers: &HeaderMap, body: &[u8]) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type =
        content_type.and_then(|text| text.split(';').next()).unwrap_or_default().trim();
    let is_typed = ["text/html", "application/xhtml+xml"]
        .iter()
        .any(|html| media_type.eq_ignore_ascii_case(html));
    let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body).trim_ascii_start();
    body.starts_with(b"<") || (is_typed && !body.is_empty())
}

/// The error that an answer makes for a call about `target`, and the row that it has for an open
/// command.
pub(crate) fn refusal(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    target: CallTarget,
) -> (CallError, &'static Row) {
    let salto = SaltoError::read(headers, body);
    let row = classification::row_of_answer(status.as_u16(), salto.body);
    let cause = cause(status, &salto, row.cause(), target);
    let detail = match (cause, status, salto.body) {
        (
            Cause::Forbidden,
            StatusCode::FORBIDDEN,
            ErrorBody::OtherOfSalto | ErrorBody::BadParameter,
        ) => "the user lacks a right at the site, or is blocked",
        _ => "",
    };
    let mut error = CallError::new(cause, detail);
    error.retry_after = retry_after(headers, Utc::now());
    error.status = Some(status.as_u16());
    error.code = salto.code;
    (error, row)
}

/// The cause for a call about `target`, where the open command has the cause `of_command`.
fn cause(status: StatusCode, salto: &SaltoError, of_command: Cause, target: CallTarget) -> Cause {
    let refused = matches!(of_command, Cause::Forbidden | Cause::LockNotFound)
        || (of_command == Cause::Unavailable && status == StatusCode::NOT_FOUND);
    match target {
        CallTarget::FirstSecret if refused && salto.already_activated => Cause::AlreadyActivated,
        // The log, or the path of an unpublished call, may not exist.
        CallTarget::EventLog | CallTarget::Unpublished if refused => Cause::Forbidden,
        CallTarget::Sites
        | CallTarget::Site
        | CallTarget::EventLog
        | CallTarget::Unpublished
        | CallTarget::Lock
        | CallTarget::Iq
        | CallTarget::FirstSecret => match of_command {
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
