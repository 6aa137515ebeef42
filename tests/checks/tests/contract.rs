//! The contract and the changelog name every event type and every code that the schemas have; the README every event
//! type, and nothing of it as missing.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use checks::workspace_root;
use serde_json::Value;

/// The heading of the README's list of what the contract has and the code has not.
const MISSING: &str = "\n## Not there yet\n";

#[test]
fn documents_name_every_event_type() {
    let types = schemas().into_iter().map(|file| stem(&file));
    let cells = types.map(|event_type| format!("| `{event_type}` |"));
    assert_has("docs/contract.md", &document("docs/contract.md"), cells.clone());
    assert_has("README.md, Events,", &document("README.md"), cells);
}

/// Codes that the contract leaves to the schemas: it names the member, not each value.
const NOT_IN_THE_CONTRACT: [&str; 1] = ["lock_offline"];

#[test]
fn the_contract_names_every_code() {
    assert!(all_codes().contains("too_early"), "{:?}", all_codes());
    let contract = document("docs/contract.md");
    let codes =
        all_codes().into_iter().filter(|code| !NOT_IN_THE_CONTRACT.contains(&code.as_str()));
    assert_has("docs/contract.md", &contract, codes.map(|code| format!("`{code}`")));
}

#[test]
fn the_changelog_names_every_event_type_and_code() {
    let types = schemas().into_iter().map(|file| stem(&file));
    let names = types.chain(all_codes()).map(|name| format!("`{name}`"));
    assert_has("CHANGELOG.md", &document("CHANGELOG.md"), names);
}

/// A part of a cell that begins with a name lists what is missing.
#[test]
fn the_readme_lists_nothing_as_missing_that_is_there() {
    let readme = document("README.md");
    let (_, missing) = readme.split_once(MISSING).unwrap_or_default();
    let rows = missing.lines().filter_map(|line| line.strip_suffix(" |")?.rsplit_once(" | "));
    let lists = rows.flat_map(|(_, cell)| cell.split("; ")).filter(|part| part.starts_with('`'));
    let there: BTreeSet<_> =
        schemas().into_iter().map(|file| stem(&file)).chain(all_codes()).collect();
    let wrong: Vec<_> = lists
        .flat_map(|list| list.split('`').skip(1).step_by(2))
        .filter(|name| there.contains(*name))
        .collect();
    assert!(wrong.is_empty(), "README.md lists as not there yet: {wrong:?}");
}

fn document(path: &str) -> String {
    read(&workspace_root().join(path))
}

fn assert_has(document: &str, text: &str, names: impl Iterator<Item = String>) {
    let missing: Vec<_> = names.filter(|name| !text.contains(name)).collect();
    assert!(missing.is_empty(), "{document} does not have {missing:?}");
}

/// All codes of the schemas.
fn all_codes() -> BTreeSet<String> {
    let schema = |file: PathBuf| serde_json::from_str::<Value>(&read(&file)).unwrap();
    schemas().into_iter().flat_map(|file| codes(&schema(file))).collect()
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
