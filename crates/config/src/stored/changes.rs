//! What differs between two documents.

use std::collections::BTreeMap;

use consumer::audit::SettingChange;
use serde_json::{Map, Value};

/// The longest value of a line of the audit, in characters.
const LONGEST: usize = 200;

/// The settings that differ, by path.
pub(super) fn between(old: &Map<String, Value>, new: &Map<String, Value>) -> Vec<SettingChange> {
    let (old, new) = (flat(old), flat(new));
    let mut keys: Vec<&String> = old.keys().chain(new.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    let changed = keys.into_iter().filter(|key| old.get(*key) != new.get(*key));
    let change = |key: &String| {
        let shown = |values: &BTreeMap<String, &Value>| values.get(key).map(|it| shown(it));
        SettingChange { key: key.clone(), old: shown(&old), new: shown(&new) }
    };
    changed.map(change).collect()
}

/// The change of a secret: no value is shown.
pub(super) fn of_secret(key: &str) -> SettingChange {
    SettingChange { key: key.to_owned(), old: None, new: None }
}

/// The values by path; those of a table one by one.
fn flat(document: &Map<String, Value>) -> BTreeMap<String, &Value> {
    let mut flat = BTreeMap::new();
    for (key, value) in document {
        match value {
            Value::Object(entries) => {
                flat.extend(entries.iter().map(|(inner, value)| (path(key, inner), value)));
            }
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => {
                flat.insert(key.clone(), value);
            }
        }
    }
    flat
}

fn path(table: &str, key: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    match !key.is_empty() && key.bytes().all(bare) {
        true => format!("{table}.{key}"),
        false => format!("{table}.{key:?}"),
    }
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    let mut characters = text.chars();
    let start: String = characters.by_ref().take(LONGEST).collect();
    if characters.next().is_some() { start + "…" } else { start }
}
