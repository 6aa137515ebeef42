//! The HTTP client that all integrations share.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Request, Response};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;

use super::call_span::CallSpan;

/// A shared client: HTTP/1 over kept-alive connections, TLS by rustls, no redirects, no proxy, and no
/// retries of its own, because only the caller may decide to send a command twice.
#[derive(Debug, Clone)]
pub struct Http(reqwest::Client);

/// The HTTP client cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// TLS cannot be set up.
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
    /// The client cannot be set up.
    #[error("the HTTP client cannot be set up")]
    Client(#[from] reqwest::Error),
}

impl Http {
    /// A client.
    ///
    /// # Errors
    /// TLS or the client cannot be set up. A machine without CA certificates is only logged as a
    /// warning: `http://` to loopback works there.
    pub fn new() -> Result<Self, HttpError> {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls()?)
            .http1_only()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .connect_timeout(Duration::from_secs(5))
            .tcp_nodelay(true)
            .tcp_keepalive(Duration::from_secs(15))
            // Shorter than the usual idle limits in front of an API, so that the peer seldom closes a
            // connection while a command is being sent.
            .pool_idle_timeout(Duration::from_secs(50))
            .pool_max_idle_per_host(512)
            .user_agent(concat!("postern/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self(client))
    }

    /// The client as it is, for calls to others than Salto: by its TLS, without redirects and retries.
    #[must_use]
    pub const fn client(&self) -> &reqwest::Client {
        &self.0
    }

    /// Makes a call to one of Salto's hosts.
    pub(crate) async fn execute(&self, request: Request) -> Result<Response, reqwest::Error> {
        let span = CallSpan::begin(&request);
        let answer = self.0.execute(request).await;
        span.end(&answer);
        answer
    }
}

pub(crate) fn tls() -> Result<ClientConfig, rustls::Error> {
    // The provider is named here, so that callers need not install one for the process.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = || {
        ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
    };
    match builder()?.with_platform_verifier() {
        Ok(config) => Ok(config.with_no_client_auth()),
        Err(error) => {
            tracing::warn!(%error, "no CA certificates found on this machine: calls by https will fail; install ca-certificates");
            let config = builder()?.with_root_certificates(RootCertStore::empty());
            Ok(config.with_no_client_auth())
        }
    }
}
