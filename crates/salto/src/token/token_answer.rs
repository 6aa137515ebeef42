//! The answer to a granted token request, in the form that the `oauth2` crate reads. What the token needs is
//! read leniently: a lifetime that is a text, a missing type or a list of scopes is no reason to ask again.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::error::{CallError, Cause};

/// A longer lifetime of a token is cut off.
const MOST_SECONDS: u64 = 1_000_000_000;

/// The answer in OAuth's form.
///
/// # Errors
/// It has no access token; or it is no JSON object, so that a host in front of the provider answered.
pub(super) fn readable(body: &[u8]) -> Result<oauth2::HttpResponse, CallError> {
    let not_oauth =
        || CallError::unreadable("the identity provider's answer is not in OAuth's form");
    let mut answer: Map<String, Value> = serde_json::from_slice(body).map_err(|_| not_oauth())?;
    if !answer.get("access_token").is_some_and(Value::is_string) {
        return Err(CallError::new(Cause::TokenUnusable, "the answer has no access token"));
    }
    if let Some(lifetime) = answer.remove("expires_in").as_ref().and_then(seconds) {
        answer.insert("expires_in".to_owned(), lifetime.into());
    }
    if !answer.get("token_type").is_some_and(Value::is_string) {
        answer.insert("token_type".to_owned(), "Bearer".into());
    }
    // Which scopes were granted is not used.
    answer.remove("scope");
    if !answer.get("refresh_token").is_some_and(Value::is_string) {
        answer.remove("refresh_token");
    }
    Ok(oauth2::HttpResponse::new(serde_json::to_vec(&answer).map_err(|_| not_oauth())?))
}

/// Whole seconds of a number or a text.
fn seconds(value: &Value) -> Option<u64> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let duration = Duration::try_from_secs_f64(number).ok()?;
    Some(duration.as_secs().min(MOST_SECONDS))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(answer: &Value) -> Result<Value, Cause> {
        let answer = readable(answer.to_string().as_bytes()).map_err(|error| error.cause)?;
        Ok(serde_json::from_slice(answer.body()).unwrap())
    }

    #[test]
    fn a_lifetime_is_a_number_or_a_text() {
        for (value, seconds) in [
            (json!(3600), json!(3600)),
            (json!("3600"), json!(3600)),
            (json!(" 3600 "), json!(3600)),
            (json!(3599.9), json!(3599)),
            (json!("3.6e3"), json!(3600)),
            (json!(-1), Value::Null),
            (json!("an hour"), Value::Null),
            (json!("NaN"), Value::Null),
            (json!(1e300), Value::Null),
            (json!([3600]), Value::Null),
            (Value::Null, Value::Null),
        ] {
            let answer = read(&json!({"access_token": "t", "expires_in": value})).unwrap();
            assert_eq!(answer["expires_in"], seconds, "{value}");
        }
    }

    #[test]
    fn only_the_access_token_is_required() {
        let scopes = json!({"access_token": "t", "scope": ["a", "b"], "refresh_token": 7});
        for answer in [json!({"access_token": "t"}), scopes] {
            assert_eq!(read(&answer), Ok(json!({"access_token": "t", "token_type": "Bearer"})));
        }
        for unusable in [json!({}), json!({"access_token": 7})] {
            assert_eq!(read(&unusable), Err(Cause::TokenUnusable), "{unusable}");
        }
        assert_eq!(read(&json!(["t"])), Err(Cause::Unavailable));
    }
}
