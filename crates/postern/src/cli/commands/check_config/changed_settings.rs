//! The settings that a reload of the configuration does not apply.

use consumer::{SecretKey, Settings};
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
    let same_text =
        |old: &SecretString, new: &SecretString| old.expose_secret() == new.expose_secret();
    let (old_keys, new_keys) = (&old.secrets, &new.secrets);
    for (name, is_same) in [
        ("broker.url", same_text(&old.broker.url, &new.broker.url)),
        ("redis.url", same_text(&old.redis.url, &new.redis.url)),
        ("secrets.key", old_keys.key.expose_secret() == new_keys.key.expose_secret()),
        ("secrets.old_keys", same_keys(&old_keys.old_keys, &new_keys.old_keys)),
    ] {
        if !is_same {
            changed.push(name.to_owned());
        }
    }
    changed.sort();
    changed.dedup();
    changed
}
