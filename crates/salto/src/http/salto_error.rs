//! Salto's error body.

use std::fmt;

use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::classification::ErrorBody;

/// The limit of a code's length in bytes, with what a text of it may have around it.
const LONGEST_CODE: usize = 1_024;

/// Words for an id.
const IDS: &[&str] = &["id", "uuid", "guid"];

/// `{"ErrorCode": "2202" | 2202, "Message": "…"}` (`docs/salto-ks.md`, Connect API). The message may
/// hold names of persons, and is not passed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SaltoError {
    pub(super) code: Option<String>,
    pub(super) body: ErrorBody,
    /// The code of the IQ, where it has the form of one.
    pub(super) iq_code: Option<String>,
    pub(super) already_activated: bool,
}

impl SaltoError {
    pub(super) fn read(headers: &HeaderMap, body: &[u8]) -> Self {
        let members: Members = serde_json::from_slice(body).unwrap_or_default();
        let code = match &members.code {
            Some(Value::Number(number)) => Some(number.to_string()),
            Some(Value::String(text)) => Some(text.trim().to_ascii_lowercase()),
            _ => None,
        };
        // The code is shown in logs and events: any text that does not look like one is dropped.
        let code = code.filter(|code| {
            (1..=24).contains(&code.len())
                && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
        });
        let text = members.message.as_deref().unwrap_or_default();
        let message = text.to_ascii_lowercase();
        let has = |text: &str| code.as_deref() == Some(text) || message.contains(text);
        let already_activated = has("command_forbidden") || message.contains("already activated");
        let body_read = if has("otp_blocked") {
            ErrorBody::OtpBlocked
        } else if has("otp_invalid") {
            ErrorBody::OtpInvalid
        } else if has("iq_offline") {
            ErrorBody::IqOffline
        } else if has("pin_not_changed") && !already_activated {
            ErrorBody::PinNotChanged
        } else if !already_activated && is_of_iq(code.as_deref(), &message) {
            ErrorBody::IqRefused
        } else {
            match code.as_deref() {
                // "Not found" in general: only the message tells what.
                Some("2202") if has_word(&message, &["otp"]) => ErrorBody::OtpInvalid,
                Some("2202") => ErrorBody::NotFound,
                // A bad parameter: only one that is an id is about the thing in the path.
                Some("1100") if message.is_empty() => ErrorBody::BadId,
                Some("1100" | "1101" | "1102") if has_word(&message, IDS) => ErrorBody::BadId,
                Some(_) => ErrorBody::OtherOfSalto,
                None if members.code.is_some_and(|code| !code.is_null() && code != "") => {
                    ErrorBody::OddCode
                }
                None if is_html(headers, body) => ErrorBody::Html,
                None => ErrorBody::NotSaltos,
            }
        };
        let iq_code = (body_read == ErrorBody::IqRefused).then(|| iq_code(text)).flatten();
        Self { code, body: body_read, iq_code, already_activated }
    }
}

/// Whether an error is an answer of the IQ: "Request execution failed with code: X".
fn is_of_iq(code: Option<&str>, message: &str) -> bool {
    code == Some("3102") || message.contains("execution failed with code")
}

/// The code of the IQ in a message, where it matches `[a-z_]{1,40}`. Any other text may hold a name, and is
/// dropped.
fn iq_code(message: &str) -> Option<String> {
    let code = message.rsplit("code:").next()?.trim().trim_end_matches('.');
    let is_code = (1..=40).contains(&code.len())
        && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    is_code.then(|| code.to_owned())
}

/// The members of an error that are used, in any case. All others are skipped, whatever their size.
#[derive(Default)]
struct Members {
    code: Option<Value>,
    message: Option<String>,
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(error: D) -> Result<Self, D::Error> {
        error.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Members, A::Error> {
        let mut read = Members::default();
        while let Some(name) = members.next_key::<String>()? {
            let value: &RawValue = members.next_value()?;
            if name.eq_ignore_ascii_case("errorcode") {
                // A longer one is none of Salto's, and only has to be seen.
                let short = value.get().len() <= LONGEST_CODE;
                let code = if short { serde_json::from_str(value.get()).ok() } else { None };
                read.code = Some(code.unwrap_or(Value::Bool(true)));
            } else if name.eq_ignore_ascii_case("message") {
                read.message = serde_json::from_str(value.get()).ok();
            }
        }
        Ok(read)
    }
}

/// Whether a message has one of these words. All of it is in lower case.
fn has_word(message: &str, words: &[&str]) -> bool {
    message.split(|c: char| !c.is_alphanumeric()).any(|word| words.contains(&word))
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
