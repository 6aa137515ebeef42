//! The cookie of a session.

use axum::http::{HeaderMap, HeaderValue, header};

/// With TLS the browser keeps the cookie to this host and path, and to TLS.
const NAME_WITH_TLS: &str = "__Host-postern-session";
const NAME: &str = "postern-session";

/// The longest id that is looked at, in bytes.
const LONGEST: usize = 100;

/// The id in the request's cookie.
pub(crate) fn read(headers: &HeaderMap, tls: bool) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|it| it.to_str().ok());
    let pairs = cookies.flat_map(|it| it.split(';')).filter_map(|it| it.trim().split_once('='));
    let mut ids = pairs.filter(|(name, _)| *name == name_of(tls)).map(|(_, id)| id);
    // A second one may have been planted; then none counts.
    ids.next().filter(|id| ids.next().is_none() && !id.is_empty() && id.len() <= LONGEST)
}

/// The header that sets the cookie. The browser drops it when it is closed; Redis ends the session earlier.
pub(crate) fn set(id: &str, tls: bool) -> Option<HeaderValue> {
    HeaderValue::try_from(format!("{}={id}; {}", name_of(tls), attributes(tls))).ok()
}

/// The header that removes the cookie.
pub(crate) fn remove(tls: bool) -> Option<HeaderValue> {
    HeaderValue::try_from(format!("{}=; Max-Age=0; {}", name_of(tls), attributes(tls))).ok()
}

fn name_of(tls: bool) -> &'static str {
    if tls { NAME_WITH_TLS } else { NAME }
}

fn attributes(tls: bool) -> &'static str {
    if tls {
        "Path=/; HttpOnly; SameSite=Strict; Secure"
    } else {
        "Path=/; HttpOnly; SameSite=Strict"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_cookie_of_the_right_name_is_read() {
        let read_from = |text: &'static str, tls| {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, HeaderValue::from_static(text));
            read(&headers, tls).map(str::to_owned)
        };
        assert_eq!(read_from("a=b; postern-session=x", false).as_deref(), Some("x"));
        assert_eq!(read_from("__Host-postern-session=x", true).as_deref(), Some("x"));
        assert_eq!(read_from("postern-session=x", true), None);
        assert_eq!(read_from("postern-session=x; postern-session=y", false), None);
        assert_eq!(read_from("postern-session=", false), None);
    }
}
