//! The contract names every event type and every code that the schemas have; the README every event type.

use std::fs;
use std::path::{Path, PathBuf};

use checks::workspace_root;
use serde_json::Value;

#[test]
fn documents_name_every_event_type() {
    let types = schemas().into_iter().map(|file| stem(&file));
    assert_named("docs/contract.md", types.clone());
    assert_named("README.md", types);
}

#[test]
fn the_contract_names_every_code() {
    let codes: Vec<String> = schemas()
        .into_iter()
        .flat_map(|file| codes(&serde_json::from_str(&read(&file)).unwrap()))
        .collect();
    assert!(codes.iter().any(|code| code == "too_early"), "{codes:?}");
    assert_named("docs/contract.md", codes.into_iter());
}

fn assert_named(document: &str, names: impl Iterator<Item = String>) {
    let text = read(&workspace_root().join(document));
    let missing: Vec<_> = names.filter(|name| !text.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "{document} does not name {missing:?}");
}

/// The schemas of the events.
fn schemas() -> Vec<PathBuf> {
    let folder = workspace_root().join("schemas");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let found: Vec<_> = files.filter(|file| stem(file).ends_with(".v1")).collect();
    assert!(!found.is_empty());
    found
}

fn stem(file: &Path) -> String {
    file.file_stem().unwrap().to_string_lossy().into_owned()
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// All texts that a schema lists as the only ones allowed.
fn codes(schema: &Value) -> Vec<String> {
    match schema {
        Value::Object(members) => {
            let listed = members.get("enum").and_then(Value::as_array).into_iter().flatten();
            let own = listed.chain(members.get("const")).filter_map(Value::as_str);
            // Versions and types are texts of the envelope.
            let is_code =
                |text: &&str| text.bytes().all(|it| it.is_ascii_lowercase() || it == b'_');
            let own = own.filter(is_code).map(str::to_owned);
            own.chain(members.values().flat_map(codes)).collect()
        }
        Value::Array(items) => items.iter().flat_map(codes).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}
