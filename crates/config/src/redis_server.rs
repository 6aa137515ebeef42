//! `[redis]`: one server by its URL, or the master that Redis Sentinel names.

use consumer::RedisSettings;
use redis_pool::{RedisServer, SentinelAddress, SentinelSettings};
use secrecy::ExposeSecret;
use url::Host;

use super::{
    address, defaults,
    mistake::Origin,
    reader::Section,
    tree::{Node, Value},
    value,
    variables::Variables,
};

/// The keys that belong to `sentinels`: with `url`, all of them are in the URL.
const OF_SENTINELS: [&str; 6] =
    ["master", "username", "password", "sentinel_password", "tls", "database"];

/// The largest number of a database.
const DATABASES: u16 = 1023;

/// The most replicas to wait for.
const REPLICAS: u16 = 5;

pub(super) fn redis(mut section: Section<'_>, variables: &Variables) -> RedisSettings {
    let url = section.optional_secret("url", variables, address::redis);
    let addresses = section.optional("sentinels", sentinel_addresses);
    let sentinels = sentinels(&mut section, variables, addresses);
    let default_wait = match sentinels {
        Some(_) => defaults::WAIT_FOR_REPLICAS_WITH_SENTINELS,
        None => defaults::WAIT_FOR_REPLICAS,
    };
    let server = match sentinels {
        Some(sentinels) => RedisServer::Sentinels(sentinels),
        None => RedisServer::Url(url.unwrap_or_else(|| defaults::REDIS_URL.into())),
    };
    let wait_for_replicas = section
        .with_default("wait_for_replicas", default_wait, |node| value::integer(node, 0..=REPLICAS));
    let key_prefix =
        section.with_default("key_prefix", defaults::KEY_PREFIX.to_owned(), value::visible_ascii);
    section.finish();
    RedisSettings { server, wait_for_replicas, key_prefix }
}

/// What belongs to `sentinels`; nothing where there are none.
fn sentinels(
    section: &mut Section<'_>,
    variables: &Variables,
    addresses: Option<Vec<SentinelAddress>>,
) -> Option<SentinelSettings> {
    let [with_url, with_sentinels] = ["url", "sentinels"].map(|key| section.node(key).is_some());
    if with_url && with_sentinels {
        let what = "is given beside url; give url for one server, or sentinels";
        section.add_mistake_with_value("sentinels", what);
    }
    let username = section.optional("username", value::text);
    let password = section.optional_secret("password", variables, Ok);
    let sentinel_password = section.optional_secret("sentinel_password", variables, Ok);
    let tls = section.with_default("tls", false, value::boolean);
    let database = section
        .with_default("database", defaults::DATABASE, |node| value::integer(node, 0..=DATABASES));
    if with_sentinels {
        let hint = "the name under which the sentinels know the master, such as \"mymaster\"";
        let master = section.required("master", hint, value::visible_ascii)?;
        let addresses = addresses?;
        return Some(SentinelSettings {
            addresses,
            master,
            tls,
            database,
            username,
            password,
            sentinel_password,
        });
    }
    section.optional("master", value::visible_ascii);
    let given: Vec<&str> =
        OF_SENTINELS.into_iter().filter(|key| section.node(key).is_some()).collect();
    if !given.is_empty() {
        let given = given.join(", ");
        let what = format!(
            "is missing, and only with it there is {given}: in url, user, password and database are in the URL"
        );
        section.add_mistake("sentinels", what);
    }
    None
}

/// A list of addresses; in a variable, they are separated by commas.
fn sentinel_addresses(node: &Node) -> Result<Vec<SentinelAddress>, String> {
    let texts = match &node.value {
        Value::Text(text) if matches!(node.origin, Origin::Variable(_)) => {
            text.expose_secret().split(',').map(|item| item.trim().to_owned()).collect()
        }
        Value::Text(_)
        | Value::Integer(_)
        | Value::Boolean(_)
        | Value::List(_)
        | Value::Table(_)
        | Value::Other(_) => value::texts(node)?,
    };
    let mut addresses = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        let address = sentinel_address(text).ok_or_else(|| {
            format!(
                "item {} must be a host and a port, such as \"10.0.0.1:26379\" or \"[2001:db8::1]:26379\"",
                index + 1
            )
        })?;
        if addresses.contains(&address) {
            return Err(format!("item {} is in the list before", index + 1));
        }
        addresses.push(address);
    }
    Ok(addresses)
}

fn sentinel_address(text: &str) -> Option<SentinelAddress> {
    let (host, port) = text.trim().rsplit_once(':')?;
    let port = port.parse().ok().filter(|port| *port > 0)?;
    // An address of IPv6 has brackets here, and none where it is used.
    let host = match Host::parse(host).ok()? {
        Host::Domain(name) => name,
        Host::Ipv4(address) => address.to_string(),
        Host::Ipv6(address) => address.to_string(),
    };
    Some(SentinelAddress { host, port })
}
