//! Warnings about secrets that others can read: in files that every user of the machine can read, and on
//! connections without encryption.

use std::path::{Path, PathBuf};

use secrecy::ExposeSecret;
use url::Url;

use super::address::is_loopback;
use super::mistake::SecretPlace;
use consumer::{BrokerSettings, RedisSettings};
use redis_pool::{RedisServer, SentinelAddress, SentinelSettings};

/// Warnings about files with secrets that every user of the machine can read.
pub(super) fn of_files(configuration: &Path, places: Vec<(String, SecretPlace)>) -> Vec<String> {
    let mut inline = Vec::new();
    let mut warnings = Vec::new();
    for (key, place) in places {
        match place {
            SecretPlace::Configuration => inline.push(key),
            SecretPlace::File(path) if is_readable_by_others(&path) => warnings.push(format!(
                "{key}: every user of this machine can read the file {}: take away their right with \
                 `chmod o= FILE`",
                path.display()
            )),
            SecretPlace::File(_) => {}
        }
    }
    if !inline.is_empty() && is_readable_by_others(configuration) {
        warnings.push(format!(
            "every user of this machine can read {}, which contains secrets ({}): take away their right with \
             `chmod o= FILE`, or move the secrets to variables or files of their own",
            configuration.display(),
            inline.join(", ")
        ));
    }
    warnings
}

/// Warnings about connections to other hosts without encryption.
pub(super) fn of_connections(broker: &BrokerSettings, redis: &RedisSettings) -> Vec<String> {
    let urls = broker.nodes.urls();
    let key = if urls.len() == 1 { "broker.url" } else { "broker.urls" };
    let hosts = urls.iter().filter_map(|url| plain_host(url.expose_secret(), "amqp"));
    let broker = joined(hosts).map(|hosts| {
        format!(
            "{key}: the connection to {hosts} is not encrypted: password, events and dead letters can be \
             read on the way; use amqps:// where the network is not trusted"
        )
    });
    let (key, hosts, correction) = match &redis.server {
        RedisServer::Url(url) => {
            ("redis.url", joined(plain_host(url.expose_secret(), "redis")), "use rediss://")
        }
        RedisServer::Sentinels(sentinels) => {
            ("redis.sentinels", joined(plain_sentinels(sentinels)), "set tls = true")
        }
    };
    let redis = hosts.map(|hosts| {
        format!(
            "{key}: the connection to {hosts} is not encrypted: the password can be read on the way, and \
             bookings changed; {correction} where the network is not trusted"
        )
    });
    broker.into_iter().chain(redis).collect()
}

fn joined(hosts: impl IntoIterator<Item = String>) -> Option<String> {
    let hosts: Vec<String> = hosts.into_iter().collect();
    (!hosts.is_empty()).then(|| hosts.join(", "))
}

/// The hosts of sentinels without TLS, unless they are this machine. The servers are elsewhere too, then.
fn plain_sentinels(sentinels: &SentinelSettings) -> Vec<String> {
    let on_this_machine = |address: &SentinelAddress| {
        Url::parse(&format!("redis://{address}")).is_ok_and(|url| is_loopback(&url))
    };
    let addresses = sentinels.addresses.iter().filter(|_| !sentinels.tls);
    addresses.filter(|it| !on_this_machine(it)).map(|it| it.host.clone()).collect()
}

/// The host of a URL of this scheme, unless it is this machine.
fn plain_host(url: &str, scheme: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let is_plain = url.scheme() == scheme && !is_loopback(&url);
    is_plain.then(|| url.host_str().unwrap_or_default().to_owned())
}

/// Whether users that are neither the owner nor in the group can read the file, and pass each folder above it.
#[cfg(unix)]
fn is_readable_by_others(path: &Path) -> bool {
    use std::{fs, os::unix::fs::PermissionsExt};
    const OTHERS_READ: u32 = 0o004;
    const OTHERS_PASS: u32 = 0o001;
    let Ok(path): Result<PathBuf, _> = fs::canonicalize(path) else { return false };
    let has = |path: &Path, right: u32| {
        fs::metadata(path).is_ok_and(|it| it.permissions().mode() & right != 0)
    };
    has(&path, OTHERS_READ) && path.ancestors().skip(1).all(|folder| has(folder, OTHERS_PASS))
}

#[cfg(not(unix))]
fn is_readable_by_others(_: &Path) -> bool {
    false
}
