//! The access code that a pod member asks for and gives to a guest.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::error::{GuestKeyError, settings};
use crate::http::answer::CallTarget;
use crate::site::Site;

/// The access code for a guest's app. It lets its holder create a digital key of the site. It prints as
/// `***`.
pub struct AccessCode {
    code: SecretString,
    expires_at: Option<DateTime<Utc>>,
}

impl AccessCode {
    /// The code itself, to be given to the guest.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.code.expose_secret()
    }

    /// When the code expires, where Salto sends that.
    #[must_use]
    pub fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.expires_at
    }

    /// Reads the code leniently, because Salto has not published its answer (decision): a JSON string, or
    /// an object with the code as `access_code` or `code`, and with `expires_in` (seconds) or `expires_at`
    /// (RFC 3339) where the code expires.
    fn read(body: &[u8], now: DateTime<Utc>) -> Result<Self, GuestKeyError> {
        let unreadable = |seen: &str| Err(GuestKeyError::NoCode { seen: seen.to_owned() });
        match serde_json::from_slice(body) {
            Ok(Value::String(code)) if !code.is_empty() => {
                Ok(Self { code: code.into(), expires_at: None })
            }
            Ok(Value::Object(members)) => match code(&members) {
                Some(code) => Ok(Self { code: code.into(), expires_at: expires_at(&members, now) }),
                None => unreadable(&names(&members)),
            },
            Ok(
                Value::String(_)
                | Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::Array(_),
            ) => unreadable("neither an object nor a text"),
            Err(_) => unreadable("no JSON"),
        }
    }
}

impl fmt::Debug for AccessCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessCode")
            .field("code", &"***")
            .field("expires_at", &self.expires_at)
            .finish()
    }
}

fn code(members: &Map<String, Value>) -> Option<&str> {
    let mut texts = ["access_code", "code"].iter().filter_map(|name| members.get(*name)?.as_str());
    texts.find(|code| !code.is_empty())
}

fn expires_at(members: &Map<String, Value>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let after =
        |seconds: &Value| now.checked_add_signed(TimeDelta::try_seconds(seconds.as_i64()?)?);
    let at =
        |time: &Value| DateTime::parse_from_rfc3339(time.as_str()?).ok().map(|time| time.to_utc());
    members.get("expires_in").and_then(after).or_else(|| members.get("expires_at").and_then(at))
}

/// The names of the members, without values. Names of an unusual form are left out, because they may be
/// secrets.
fn names(members: &Map<String, Value>) -> String {
    let is_name = |name: &&String| {
        name.len() <= 32 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let names: Vec<&str> = members.keys().filter(is_name).take(12).map(String::as_str).collect();
    match names.as_slice() {
        [] => "an object without members of a usual name".to_owned(),
        names => format!("the members {}", names.join(", ")),
    }
}

impl Site {
    /// Asks Salto for an access code for a guest of this site, with the integration's own token.
    /// `request` is the body, which is sent unchanged.
    ///
    /// # Errors
    /// Digital Key for Guests is not set up, the account is not a pod member, the answer has no code, or
    /// the call failed.
    pub async fn access_code(&self, request: &Value) -> Result<AccessCode, GuestKeyError> {
        let calls = &self.calls;
        let environment = &calls.client.environment;
        let path = &settings(environment)?.access_code_path;
        let site = if path.names_site() { Some(calls.site_id().await?) } else { None };
        let url = path.at(&environment.api_url, site);
        let answer =
            calls.call(Method::POST, url, || Some(request.clone()), CallTarget::Unpublished).await;
        AccessCode::read(&answer.map_err(GuestKeyError::of_access_code)?.body, Utc::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<AccessCode, GuestKeyError> {
        AccessCode::read(body.as_bytes(), "2026-08-25T07:25:00Z".parse().unwrap())
    }

    #[test]
    fn a_code_is_read_in_every_form() {
        let end = |text: &str| Some(text.parse::<DateTime<Utc>>().unwrap());
        for (body, expires_at) in [
            (r#""hush""#, None),
            (r#"{"access_code":"hush","new":[1]}"#, None),
            (r#"{"code":"hush","expires_in":300}"#, end("2026-08-25T07:30:00Z")),
            (
                r#"{"access_code":"hush","code":7,"expires_at":"2026-08-25T10:00:00+02:00"}"#,
                end("2026-08-25T08:00:00Z"),
            ),
            (r#"{"access_code":null,"code":"hush","expires_in":"soon"}"#, None),
            (r#"{"code":"hush","expires_in":9223372036854775807}"#, None),
        ] {
            let code = read(body).unwrap();
            assert_eq!((code.expose(), code.expires_at()), ("hush", expires_at), "{body}");
        }
    }

    #[test]
    fn an_answer_without_a_code_is_described_by_the_names_of_its_members() {
        for (body, seen) in [
            (r#"{"token":"hush","invitation":{"code":"hush"}}"#, "the members invitation, token"),
            (r#"{"code":""}"#, "the members code"),
            (r#"{"h u s h":1}"#, "an object without members"),
            (r#"["hush"]"#, "neither an object nor a text"),
            (r#""""#, "neither an object nor a text"),
            ("hush", "no JSON"),
            ("", "no JSON"),
        ] {
            let error = read(body).unwrap_err().to_string();
            assert!(error.contains(seen) && !error.contains("hush"), "{body}: {error}");
        }
    }

    #[test]
    fn debug_output_shows_no_code() {
        assert!(!format!("{:?}", read(r#""hush""#).unwrap()).contains("hush"));
    }
}
