//! Warnings about secrets that others can read: in files that every user of the machine can read, and on
//! connections without encryption.

use std::path::{Path, PathBuf};

use secrecy::ExposeSecret;
use url::Url;

use super::address::is_loopback;
use super::mistake::SecretPlace;
use consumer::{BrokerSettings, RedisSettings};

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
    let broker = plain_host(broker.url.expose_secret(), "amqp").map(|host| {
        format!(
            "broker.url: the connection to {host} is not encrypted: password, events and dead letters can be \
             read on the way; use amqps:// where the network is not trusted"
        )
    });
    let redis = plain_host(redis.url.expose_secret(), "redis").map(|host| {
        format!(
            "redis.url: the connection to {host} is not encrypted: the password can be read on the way, and \
             bookings changed; use rediss:// where the network is not trusted"
        )
    });
    broker.into_iter().chain(redis).collect()
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
