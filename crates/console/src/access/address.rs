//! The address that a request comes from.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::http::HeaderMap;
use config::ConsoleSettings;

/// The address by which tries are counted: of IPv6 the network, because one person has all addresses of it.
pub(crate) fn counted(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let network = u128::from(address) >> 64 << 64;
            format!("{}/64", Ipv6Addr::from(network))
        }
    }
}

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

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn an_address_of_ipv6_counts_as_its_network() {
        let counted = |text: &str| counted(text.parse().unwrap());
        assert_eq!(counted("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(counted("2001:db8:1:2::9"), counted("2001:db8:1:2:3:4:5:6"));
        assert_eq!(counted("::ffff:10.0.0.1"), "10.0.0.1");
    }

    #[test]
    fn only_a_proxy_is_believed_and_only_what_it_says_itself() {
        let settings = |origin: Option<&str>| ConsoleSettings {
            listen: ([127, 0, 0, 1], 0).into(),
            origin: origin.map(str::to_owned),
            tls: None,
            archive_folder: None,
            users: Vec::new(),
            tokens: Vec::new(),
        };
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", HeaderValue::from_static("1.1.1.1"));
        headers.append("x-forwarded-for", HeaderValue::from_static("2.2.2.2, 10.0.0.7"));
        let peer = SocketAddr::from(([127, 0, 0, 1], 9));
        let found = |settings| of_request(&headers, peer, &settings).to_string();
        assert_eq!(found(settings(None)), "127.0.0.1");
        assert_eq!(found(settings(Some("https://postern.example.org"))), "10.0.0.7");
    }
}
