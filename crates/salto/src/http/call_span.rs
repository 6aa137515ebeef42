//! The span of a call, for traces: a client's span, as OpenTelemetry's conventions for HTTP describe it. Its target keeps
//! it out of the log, and where no traces are exported it costs nothing.

use reqwest::{Request, Response};
use tracing::Span;
use tracing::field::Empty;
use url::Url;

/// The target of spans that are exported.
const TARGET: &str = "otel";

/// The span of a call; one that is dropped before its end was given up.
#[derive(Debug)]
pub(crate) struct CallSpan {
    span: Span,
    ended: bool,
}

impl CallSpan {
    pub(crate) fn begin(request: &Request) -> Self {
        let (method, url) = (request.method().as_str(), request.url());
        let span = tracing::trace_span!(
            target: TARGET,
            "call",
            otel.name = method,
            otel.kind = "client",
            otel.status_code = Empty,
            http.request.method = method,
            http.response.status_code = Empty,
            url.full = %without_secrets(url),
            server.address = url.host_str(),
            server.port = url.port_or_known_default(),
            "error.type" = Empty,
        );
        Self { span, ended: false }
    }

    pub(crate) fn end(mut self, answer: &Result<Response, reqwest::Error>) {
        self.ended = true;
        match answer {
            Ok(response) => {
                let status = response.status();
                self.span.record("http.response.status_code", status.as_u16());
                if status.is_client_error() || status.is_server_error() {
                    self.fail(status.as_str());
                }
            }
            Err(error) if error.is_timeout() => self.fail("timeout"),
            Err(error) if error.is_connect() => self.fail("connect"),
            Err(_) => self.fail("_OTHER"),
        }
    }

    fn fail(&self, kind: &str) {
        self.span.record("error.type", kind);
        self.span.record("otel.status_code", "ERROR");
    }
}

impl Drop for CallSpan {
    fn drop(&mut self) {
        if !self.ended {
            self.fail("cancelled");
        }
    }
}

/// The address without what may be a secret: a query has one-time passwords, and the user's part a password
/// (docs/contract.md, invariant 6).
fn without_secrets(url: &Url) -> Url {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    // These fail only where an address cannot have them.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_loses_query_and_user() {
        let url = Url::parse("https://user:word@host:8443/sites/1/secret?otp=123456#top").unwrap();
        assert_eq!(without_secrets(&url).as_str(), "https://host:8443/sites/1/secret");
    }
}
