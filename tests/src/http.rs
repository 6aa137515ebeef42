//! Plain HTTP on loopback.

use std::sync::LazyLock;
use std::time::Duration;

/// A client without trusted certificates and without a proxy: the servers of the tests are on this machine and use
/// plain HTTP.
///
/// Each call creates a new client: a connection pool must not outlive the runtime of its test.
pub fn client() -> reqwest::Client {
    builder().build().expect("a plain HTTP client can be built")
}

/// As [`client`]; it shows redirects, and follows none.
pub fn client_without_redirects() -> reqwest::Client {
    let builder = builder().redirect(reqwest::redirect::Policy::none());
    builder.build().expect("a plain HTTP client can be built")
}

fn builder() -> reqwest::ClientBuilder {
    static PROVIDER: LazyLock<()> = LazyLock::new(|| {
        // An error means that the program under test has installed one, in the same process.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    LazyLock::force(&PROVIDER);
    reqwest::Client::builder().no_proxy().tls_certs_only([]).timeout(Duration::from_secs(30))
}
