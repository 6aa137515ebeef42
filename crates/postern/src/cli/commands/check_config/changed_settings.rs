//! The settings that a reload of the configuration does not apply.

use consumer::{SecretKey, Settings};
use redis_pool::RedisServer;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::sections::Sections;

/// The settings outside environments and integrations that differ, by their keys in the file. Only a start
/// reads these.
pub(crate) fn changed_settings(old: &Settings, new: &Settings) -> Vec<String> {
    let sections = |settings| serde_json::to_value(Sections::of(settings)).unwrap_or_default();
    let (before, after) = (sections(old), sections(new));
    let of_sections = after.as_object().into_iter().flatten().flat_map(|(section, keys)| {
        let before = &before[section];
        let changed = move |(key, value): &(&String, &Value)| &before[key.as_str()] != *value;
        let keys = keys.as_object().into_iter().flatten().filter(changed);
        keys.map(move |(key, _)| format!("{section}.{key}"))
    });
    let mut changed: Vec<String> = of_sections.collect();
    // What the sections do not show.
    let same_keys = |old: &[SecretKey], new: &[SecretKey]| {
        let [old, new] = [old, new].map(|keys| keys.iter().map(|key| key.expose_secret()));
        old.eq(new)
    };
    let (old_keys, new_keys) = (&old.secrets, &new.secrets);
    let before = redis_secrets(&old.redis.server);
    let of_redis = before.into_iter().zip(redis_secrets(&new.redis.server));
    for (name, is_same) in of_redis.map(|((name, old), (_, new))| (name, old == new)).chain([
        (broker_key(new), exposed(old.broker.nodes.urls()).eq(exposed(new.broker.nodes.urls()))),
        ("secrets.key", old_keys.key.expose_secret() == new_keys.key.expose_secret()),
        ("secrets.old_keys", same_keys(&old_keys.old_keys, &new_keys.old_keys)),
    ]) {
        if !is_same {
            changed.push(name.to_owned());
        }
    }
    changed.sort();
    changed.dedup();
    changed
}

fn exposed(secrets: &[SecretString]) -> impl Iterator<Item = &str> {
    secrets.iter().map(ExposeSecret::expose_secret)
}

/// The key of the broker's addresses: one, or several.
fn broker_key(settings: &Settings) -> &'static str {
    if settings.broker.nodes.urls().len() == 1 { "broker.url" } else { "broker.urls" }
}

/// What the sections do not show of where Redis is, by its keys.
fn redis_secrets(server: &RedisServer) -> [(&'static str, Option<&str>); 3] {
    let (url, password, sentinel_password) = match server {
        RedisServer::Url(url) => (Some(url), None, None),
        RedisServer::Sentinels(it) => (None, it.password.as_ref(), it.sentinel_password.as_ref()),
    };
    [
        ("redis.url", url.map(ExposeSecret::expose_secret)),
        ("redis.password", password.map(ExposeSecret::expose_secret)),
        ("redis.sentinel_password", sentinel_password.map(ExposeSecret::expose_secret)),
    ]
}
