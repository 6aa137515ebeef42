//! The address that a request comes from.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use config::ConsoleSettings;

/// The address of the connection; where a proxy is before the console, the one that the proxy names.
pub(crate) fn of_request(
    headers: &HeaderMap,
    peer: SocketAddr,
    console: &ConsoleSettings,
) -> IpAddr {
    let behind_proxy = console.origin.is_some() && console.tls.is_none();
    if !behind_proxy {
        return peer.ip();
    }
    // The last one is by the proxy itself; those before it can be anything.
    let forwarded = headers.get_all("x-forwarded-for").iter().next_back();
    let last = forwarded.and_then(|it| it.to_str().ok()).and_then(|it| it.rsplit(',').next());
    last.and_then(|it| it.trim().parse().ok()).unwrap_or(peer.ip())
}
