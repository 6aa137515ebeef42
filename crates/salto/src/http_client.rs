//! The HTTP client that all integrations share.

use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;

/// A shared client: HTTP/1 over kept-alive connections, TLS by rustls, no redirects, no proxy, no
/// retries of its own (whether a command may be sent twice is not the client's to decide).
#[derive(Debug, Clone)]
pub struct Http(pub(crate) reqwest::Client);

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
    /// Sets the client up.
    ///
    /// # Errors
    /// TLS or the client cannot be set up. A machine without CA certificates is only warned about:
    /// `http://` to loopback works there.
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
            // Shorter than the idle limits usual in front of an API, so that the peer is seldom
            // the one who closes while a command is on its way.
            .pool_idle_timeout(Duration::from_secs(50))
            .pool_max_idle_per_host(512)
            .user_agent(concat!("postern/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self(client))
    }
}

fn tls() -> Result<ClientConfig, rustls::Error> {
    // The provider is named here: nothing process-wide has to be installed by whoever uses this.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = || {
        ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
    };
    match builder()?.with_platform_verifier() {
        Ok(config) => Ok(config.with_no_client_auth()),
        Err(error) => {
            tracing::warn!(%error, "no CA certificates on this machine: https will not work");
            let config = builder()?.with_root_certificates(RootCertStore::empty());
            Ok(config.with_no_client_auth())
        }
    }
}
