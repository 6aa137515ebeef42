//! What an answer other than 2xx says: Salto's error body and `Retry-After`, and the cause they
//! make.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde_json::{Map, Value};

use crate::error::{CallError, Cause};
use crate::verdict::{self, Body, Row};

/// What a call is about, which says what its refusals mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    /// The account's sites.
    Sites,
    /// Something of the site.
    Site,
    /// The site's event log.
    Entries,
    /// A call that Salto has not published, at a path that the configuration names.
    Unpublished,
    /// A lock.
    Lock,
    /// An IQ.
    Iq,
    /// An IQ's secret or PIN, which Salto gives until this user is activated there.
    FirstSecret,
}

impl Subject {
    /// What a 404 or a bad parameter means.
    const fn missing(self) -> Cause {
        match self {
            Self::Sites => Cause::Unavailable,
            Self::Site => Cause::SiteNotFound,
            Self::Entries | Self::Unpublished => Cause::Forbidden,
            Self::Lock => Cause::LockNotFound,
            Self::Iq | Self::FirstSecret => Cause::IqNotFound,
        }
    }
}

/// `{"ErrorCode": "2202" | 2202, "Message": "…"}` \[M\]. The message's text may hold names and goes
/// nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
struct SaltoError {
    code: Option<String>,
    body: Body,
    already_activated: bool,
}

impl SaltoError {
    fn read(body: &[u8]) -> Self {
        let object: Map<String, Value> = serde_json::from_slice(body).unwrap_or_default();
        let code = match member(&object, "errorcode") {
            Some(Value::Number(number)) => Some(number.to_string()),
            Some(Value::String(text)) => Some(text.trim().to_ascii_lowercase()),
            _ => None,
        };
        // Shown to people: a code, and not whatever else somebody puts there.
        let code = code.filter(|code| {
            (1..=24).contains(&code.len())
                && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
        });
        let message = match member(&object, "message") {
            Some(Value::String(text)) => text.to_ascii_lowercase(),
            _ => String::new(),
        };
        let has = |word: &str| code.as_deref() == Some(word) || message.contains(word);
        let already_activated = has("command_forbidden") || message.contains("already activated");
        let body = if has("otp_blocked") {
            Body::OtpBlocked
        } else if has("otp_invalid") || code.as_deref() == Some("2202") {
            Body::OtpInvalid
        } else if has("iq_offline") {
            Body::IqOffline
        } else if has("pin_not_changed") && !already_activated {
            Body::PinNotChanged
        } else {
            match code.as_deref() {
                Some("1100" | "1101") => Body::BadParameter,
                Some(_) => Body::OtherOfSalto,
                None => Body::NotSaltos,
            }
        };
        Self { code, body, already_activated }
    }
}

fn member<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// The error that an answer to a call about this amounts to, and what it would mean for an open
/// command.
pub(crate) fn refusal(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    subject: Subject,
) -> (CallError, &'static Row) {
    let salto = SaltoError::read(body);
    let row = verdict::of_answer(status.as_u16(), salto.body);
    let cause = cause(status, &salto, row.cause(), subject);
    let detail = match (cause, status, salto.body) {
        (Cause::Forbidden, StatusCode::FORBIDDEN, Body::OtherOfSalto | Body::BadParameter) => {
            "the user lacks a right at the site, or is blocked"
        }
        _ => "",
    };
    let mut error = CallError::new(cause, detail);
    error.retry_after = retry_after(headers, Utc::now());
    error.status = Some(status.as_u16());
    error.code = salto.code;
    (error, row)
}

/// What differs from the open command where a call is about something else.
fn cause(status: StatusCode, salto: &SaltoError, of_command: Cause, subject: Subject) -> Cause {
    let says_no = matches!(of_command, Cause::Forbidden | Cause::LockNotFound)
        || (of_command == Cause::Unavailable && status == StatusCode::NOT_FOUND);
    match subject {
        Subject::FirstSecret if says_no && salto.already_activated => Cause::AlreadyActivated,
        // There need not be a log, nor anything at an unpublished path.
        Subject::Entries | Subject::Unpublished if says_no => Cause::Forbidden,
        Subject::Sites
        | Subject::Site
        | Subject::Entries
        | Subject::Unpublished
        | Subject::Lock
        | Subject::Iq
        | Subject::FirstSecret => match of_command {
            Cause::LockNotFound => subject.missing(),
            other => other,
        },
    }
}

/// Longer pauses are taken for a mistake: nobody would notice a door that stays shut for weeks.
const RETRY_AFTER_MOST: Duration = Duration::from_secs(24 * 3600);

/// `Retry-After`, in seconds or as a date.
pub(crate) fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let pause = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let until = DateTime::parse_from_rfc2822(text).ok()?.with_timezone(&Utc);
            (until - now).to_std().unwrap_or(Duration::ZERO)
        }
    };
    Some(pause.min(RETRY_AFTER_MOST))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, body: &str) -> Cause {
        about(Subject::Lock, status, body)
    }

    fn about(subject: Subject, status: u16, body: &str) -> Cause {
        let status = StatusCode::from_u16(status).unwrap();
        refusal(status, &HeaderMap::new(), body.as_bytes(), subject).0.cause
    }

    #[test]
    fn codes_are_read_as_text_and_as_numbers_and_in_any_case() {
        assert_eq!(
            of(404, r#"{"ErrorCode":"2202","Message":"Otp is invalid"}"#),
            Cause::OtpInvalid
        );
        assert_eq!(of(404, r#"{"ErrorCode":2202,"Message":null}"#), Cause::OtpInvalid);
        assert_eq!(of(400, r#"{"errorCode":3102,"message":"OTP_Invalid"}"#), Cause::OtpInvalid);
        assert_eq!(of(403, r#"{"ErrorCode":"3102","Message":"otp_blocked!"}"#), Cause::OtpBlocked);
        assert_eq!(of(400, r#"{"ErrorCode":3102,"Message":"iq_offline"}"#), Cause::IqOffline);
    }

    #[test]
    fn an_outage_does_not_always_look_like_a_5xx() {
        assert_eq!(of(404, "<html>not found</html>"), Cause::Unavailable);
        assert_eq!(of(404, ""), Cause::Unavailable);
        assert_eq!(of(302, ""), Cause::Unavailable);
        assert_eq!(of(404, r#"{"ErrorCode":1000}"#), Cause::LockNotFound);
    }

    #[test]
    fn the_other_refusals() {
        let unchanged = r#"{"ErrorCode":"3102","Message":"pin_not_changed"}"#;
        assert_eq!(of(400, unchanged), Cause::NotActivated);
        assert_eq!(of(400, r#"{"ErrorCode":1100}"#), Cause::LockNotFound);
        assert_eq!(of(400, r#"{"ErrorCode":1300}"#), Cause::Forbidden);
        assert_eq!(of(403, "nothing known"), Cause::Forbidden);
        let activated = r#"{"ErrorCode":"2203","Message":"Cannot get first secret for an already activated Iq"}"#;
        assert_eq!(about(Subject::FirstSecret, 403, activated), Cause::AlreadyActivated);
        assert_eq!(of(403, activated), Cause::Forbidden);
        assert_eq!(about(Subject::FirstSecret, 503, activated), Cause::Unavailable);
        assert_eq!(of(403, r#"{"ErrorCode":"2203","Message":"no right"}"#), Cause::Forbidden);
        assert_eq!(of(429, ""), Cause::RateLimited);
        assert_eq!(of(503, r#"{"ErrorCode":3102,"Message":"otp_invalid"}"#), Cause::Unavailable);
    }

    #[test]
    fn what_is_shown_holds_no_message() {
        let body = br#"{"ErrorCode":"2203","Message":"Jane Doe may not"}"#;
        let (error, _) = refusal(StatusCode::FORBIDDEN, &HeaderMap::new(), body, Subject::Lock);
        assert_eq!(
            error.to_string(),
            "Salto refuses this: the user lacks a right at the site, or is blocked (HTTP 403, code 2203)"
        );
        let odd = br#"{"ErrorCode":"Jane Doe","Message":""}"#;
        let (error, _) = refusal(StatusCode::FORBIDDEN, &HeaderMap::new(), odd, Subject::Lock);
        assert_eq!(error.to_string(), "Salto refuses this (HTTP 403)");
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = "2026-08-25T07:25:00Z".parse().unwrap();
        let read = |text: &str| {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
            retry_after(&headers, now)
        };
        assert_eq!(read("120"), Some(Duration::from_secs(120)));
        assert_eq!(read("Tue, 25 Aug 2026 07:25:30 GMT"), Some(Duration::from_secs(30)));
        assert_eq!(read("Tue, 25 Aug 2026 07:24:30 GMT"), Some(Duration::ZERO));
        assert_eq!(read("soon"), None);
        assert_eq!(read("18446744073709551615"), Some(RETRY_AFTER_MOST));
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }
}
