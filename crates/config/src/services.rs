//! `[broker]`, `[secrets]`, `[http]`: the services that postern uses, and its own port.

use std::net::SocketAddr;

use consumer::{BrokerSettings, Routing, SecretKeys};
use publisher::BrokerNodes;
use secrecy::SecretString;

use super::{address, defaults, reader::Section, secret, tree::Node, value, variables::Variables};

pub(super) fn broker(mut section: Section<'_>, variables: &Variables) -> BrokerSettings {
    let nodes = BrokerNodes::new(broker_urls(&mut section, variables));
    let prefetch = section
        .with_default("prefetch", defaults::PREFETCH, |node| value::integer(node, 1..=u16::MAX));
    let routing = section.with_default("routing", Routing::Any, routing);
    section.finish();
    BrokerSettings { nodes, prefetch, routing }
}

/// The URL of the only node, or those of the nodes of a cluster.
fn broker_urls(section: &mut Section<'_>, variables: &Variables) -> Vec<SecretString> {
    let url = section.optional_secret("url", variables, address::broker);
    let is_valid = section.is_valid();
    let urls = section.secrets("urls", variables, address::broker);
    if section.node("urls").is_none() {
        return vec![url.unwrap_or_else(|| defaults::BROKER_URL.into())];
    }
    if section.node("url").is_some() {
        let what = "is given beside url; give url for one node, or urls for the nodes of a cluster";
        section.add_mistake("urls", what);
    } else if is_valid
        && section.is_valid()
        && let Err(what) = address::of_one_cluster(&urls)
    {
        section.add_mistake("urls", what);
    }
    urls
}

fn routing(node: &Node) -> Result<Routing, String> {
    match value::any_text(node) {
        Ok("any") => Ok(Routing::Any),
        Ok("strict") => Ok(Routing::Strict),
        Ok(_) | Err(_) => Err("must be \"any\" or \"strict\"".to_owned()),
    }
}

pub(super) fn secrets(mut section: Section<'_>, variables: &Variables) -> Option<SecretKeys> {
    let hint = "32 bytes in base64, as `head -c 32 /dev/urandom | base64` makes them";
    let read = |text: SecretString| secret::key(&text);
    let key = section.required_secret("key", hint, variables, read);
    let old_keys = section.secrets("old_keys", variables, read);
    section.finish();
    Some(SecretKeys { key: key?, old_keys })
}

pub(super) fn http_listen(mut section: Section<'_>) -> SocketAddr {
    let listen = section.with_default("listen", defaults::LISTEN.into(), value::listen_address);
    section.finish();
    listen
}
