//! Whether a request that changes something comes from the console's own page: the browser says from where, and the
//! page knows the token of its session.

use axum::http::{HeaderMap, StatusCode, header};
use config::ConsoleSettings;
use subtle::ConstantTimeEq;

use crate::problem::Problem;

/// The header in which scripts send the token.
pub(crate) const HEADER: &str = "x-csrf-token";
/// The field in which forms send it.
pub(crate) const FIELD: &str = "csrf";

/// Checks that the browser sends this from the console's own page.
pub(crate) fn check_origin(headers: &HeaderMap, console: &ConsoleSettings) -> Result<(), Problem> {
    let text = |name| headers.get(name).and_then(|it: &axum::http::HeaderValue| it.to_str().ok());
    let expected = match &console.origin {
        Some(origin) => Some(origin.clone()),
        None => text(header::HOST).map(|host| {
            format!("{}://{host}", if console.tls.is_some() { "https" } else { "http" })
        }),
    };
    let origin = text(header::ORIGIN);
    if origin.is_some() && origin == expected.as_deref() {
        return Ok(());
    }
    let expected = expected.unwrap_or_default();
    Err(Problem::new(
        StatusCode::FORBIDDEN,
        "wrong_origin",
        format!(
            "this must be sent from a page of the console itself ({expected}); behind a proxy, `origin` in [console] must be \
             the address that people use"
        ),
    ))
}

/// Checks the token of the session.
pub(crate) fn check_token(sent: Option<&str>, expected: &str) -> Result<(), Problem> {
    let is_right = sent.is_some_and(|sent| sent.as_bytes().ct_eq(expected.as_bytes()).into());
    if is_right {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::FORBIDDEN,
        "wrong_csrf_token",
        "the form is not of this session, or it is too old: load the page again and repeat what you did",
    ))
}
