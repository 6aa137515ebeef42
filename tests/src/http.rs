//! Plain HTTP on loopback.

use std::sync::LazyLock;
use std::time::Duration;

/// A client that trusts nobody and uses no proxy: what the tests talk to is on this machine and speaks plain HTTP.
///
/// A new one each time: a pool must not outlive its test's runtime.
pub fn client() -> reqwest::Client {
    static PROVIDER: LazyLock<()> = LazyLock::new(|| {
        // An error says that the program under test, in the same process, was first.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    LazyLock::force(&PROVIDER);
    reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .timeout(Duration::from_secs(30))
        .build()
        .expect("a plain HTTP client can be built")
}
