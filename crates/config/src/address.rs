//! The URLs of the broker, of Redis and of Salto.

use std::net::IpAddr;

use deadpool_redis::redis::IntoConnectionInfo;
use lapin::uri::AMQPUri;
use salto::RedirectUri;
use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

/// The URL of the broker.
pub(super) fn broker(secret: SecretString) -> Result<SecretString, String> {
    let example = "must be a URL such as amqp://user:password@host:5672/%2f or amqps://…, with \
                   special characters in the password percent-encoded";
    let text = secret.expose_secret();
    match has_scheme_and_host(text, ["amqp", "amqps"]) && text.parse::<AMQPUri>().is_ok() {
        true => Ok(secret),
        false => Err(example.to_owned()),
    }
}

/// Checks that these can be URLs of the nodes of one cluster, which have the same users and virtual hosts.
pub(super) fn of_one_cluster(urls: &[SecretString]) -> Result<(), String> {
    let nodes: Vec<AMQPUri> =
        urls.iter().filter_map(|url| url.expose_secret().parse().ok()).collect();
    let Some(first) = nodes.first() else { return Err("must not be empty".to_owned()) };
    for (index, node) in nodes.iter().enumerate().skip(1) {
        let user = |node: &AMQPUri| node.authority.userinfo.username.clone();
        if node.vhost != first.vhost || user(node) != user(first) {
            return Err(format!(
                "item {} has another user or virtual host than item 1; all must be nodes of one cluster",
                index + 1
            ));
        }
        let address = |node: &AMQPUri| (node.authority.host.clone(), node.authority.port);
        if nodes[..index].iter().any(|other| address(other) == address(node)) {
            return Err(format!("item {} is a node that the list has before", index + 1));
        }
    }
    Ok(())
}

/// The URL of Redis.
pub(super) fn redis(secret: SecretString) -> Result<SecretString, String> {
    let example = "must be a URL such as redis://:password@host:6379/0 or rediss://…, with \
                   special characters in the password percent-encoded";
    let text = secret.expose_secret();
    match has_scheme_and_host(text, ["redis", "rediss"]) && text.into_connection_info().is_ok() {
        true => Ok(secret),
        false => Err(example.to_owned()),
    }
}

fn has_scheme_and_host(text: &str, schemes: [&str; 2]) -> bool {
    Url::parse(text).is_ok_and(|url| {
        schemes.contains(&url.scheme()) && url.host_str().is_some_and(|host| !host.is_empty())
    })
}

/// A URL of Salto. It must be https, except on a loopback address.
pub(super) fn salto(text: &str) -> Result<Url, String> {
    let url = checked_http(text.trim())?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err("must end with the host or a path, without ? and #".to_owned());
    }
    Ok(url)
}

/// A URL without user and password. It must be https, except on a loopback address.
pub fn checked_http(text: &str) -> Result<Url, String> {
    let url = Url::parse(text);
    let url = url.map_err(|_| "must be a URL such as https://connect.my-clay.com".to_owned())?;
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        "http" => {
            return Err("must be https; http is for 127.0.0.0/8, [::1] and localhost".to_owned());
        }
        _ => return Err("must begin with https://".to_owned()),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not contain a user or a password".to_owned());
    }
    Ok(url)
}

/// The scheme, host and port by which browsers know the console, as they send it in `Origin`.
pub(super) fn origin(text: &str) -> Result<String, String> {
    let url = checked_http(text.trim()).map_err(|what| {
        what.replace("https://connect.my-clay.com", "https://postern.example.org")
    })?;
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err("must end with the host or the port, without a path".to_owned());
    }
    Ok(url.origin().ascii_serialization())
}

/// The address to which a login redirects the browser: `postern login` listens there.
pub(super) fn redirect(text: &str) -> Result<RedirectUri, String> {
    let is_allowed = |uri: &RedirectUri| {
        let url = uri.url();
        url.scheme() == "http"
            && is_loopback(url)
            && url.port_or_known_default() != Some(0)
            && url.username().is_empty()
            && url.password().is_none()
            && url.fragment().is_none()
    };
    text.parse().ok().filter(is_allowed).ok_or_else(|| {
        "must be an http URL on 127.0.0.1, [::1] or localhost, exactly as it is \
         registered for the client, such as \"http://127.0.0.1:8765/signed-in\""
            .to_owned()
    })
}

pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        // The host of a scheme that browsers do not know is a text.
        Some(Host::Domain(name)) => {
            name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        None => false,
    }
}
