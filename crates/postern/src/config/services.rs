//! `[broker]`, `[redis]`, `[secrets]`, `[http]`: the services that postern uses, and its own port.

use std::net::SocketAddr;

use consumer::{BrokerSettings, RedisSettings, Routing, SecretKeys};
use secrecy::SecretString;

use super::{address, defaults, reader::Section, secret, tree::Node, value, variables::Variables};

pub(super) fn broker(mut section: Section<'_>, variables: &Variables) -> BrokerSettings {
    let url = section.optional_secret("url", variables, address::broker);
    let url = url.unwrap_or_else(|| defaults::BROKER_URL.into());
    let prefetch = section
        .with_default("prefetch", defaults::PREFETCH, |node| value::integer(node, 1..=u16::MAX));
    let routing = section.with_default("routing", Routing::Any, routing);
    section.finish();
    BrokerSettings { url, prefetch, routing }
}

fn routing(node: &Node) -> Result<Routing, String> {
    match value::any_text(node) {
        Ok("any") => Ok(Routing::Any),
        Ok("strict") => Ok(Routing::Strict),
        Ok(_) | Err(_) => Err("must be \"any\" or \"strict\"".to_owned()),
    }
}

pub(super) fn redis(mut section: Section<'_>, variables: &Variables) -> RedisSettings {
    let url = section.optional_secret("url", variables, address::redis);
    let url = url.unwrap_or_else(|| defaults::REDIS_URL.into());
    let key_prefix =
        section.with_default("key_prefix", defaults::KEY_PREFIX.to_owned(), value::visible_ascii);
    section.finish();
    RedisSettings { url, key_prefix }
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
