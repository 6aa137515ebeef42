//! Every setting is in the example configuration, and is shown by `check-config`.
//!
//! The list of settings is the list of known keys in the report of an unknown key, so that a setting
//! that is new in the code is in it without a change here.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::running::Postern;

const EXAMPLE: &str = include_str!("../../../../deploy/postern.example.toml");

/// An environment and an integration with every table that they may have.
const CONFIGURATION: &str = r#"
[secrets]
key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
[salto.environments.acceptance]
client_id = "platform"
client_secret = "cl1ent-secret"
[salto.environments.acceptance.guest_keys]
access_code_path = "/v1/{site_id}/codes"
digital_key_path = "/v1/keys"
[[integrations]]
id = "acme"
environment = "acceptance"
site_uid = "NL1"
username = "system"
password = "us3r-pass"
open_from_statuses = ["paid"]
"#;

/// The keys that the configuration knows in the table with this header; nothing where there is no
/// such table, or its keys are arbitrary.
fn known_keys(header: &str) -> Option<BTreeSet<String>> {
    let ended = Postern::with(&format!("{header}\n\"?\" = 1\n")).run(&["check-config"]);
    assert_eq!(ended.status, Some(2), "{header}: {}", ended.stderr);
    let report = ended.stderr.lines().find(|line| line.contains("\"?\": is unknown"))?;
    let (_, keys) = report.split_once("; known here: ")?;
    Some(keys.split(", ").map(str::to_owned).collect())
}

/// The known keys of all tables, by the name of the table. A key that is a table is in the list of
/// its parent too.
fn settings() -> BTreeMap<String, BTreeSet<String>> {
    let mut settings = BTreeMap::new();
    let root = known_keys("").expect("the file has known keys");
    let environment = "salto.environments.acceptance".to_owned();
    let names = root.into_iter().filter(|name| name != "salto").chain([environment]);
    for name in names {
        let (header, parent) = match name.as_str() {
            "integrations" => ("[[integrations]]".to_owned(), "[[integrations]]\n"),
            _ => (format!("[{name}]"), ""),
        };
        let keys = known_keys(&header).unwrap_or_else(|| panic!("{header} has known keys"));
        for key in &keys {
            let nested = format!("{name}.{key}");
            if let Some(keys) = known_keys(&format!("{parent}[{nested}]")) {
                settings.insert(nested, keys);
            }
        }
        settings.insert(name, keys);
    }
    settings
}

/// The keys in the example by table, with those that are commented out.
fn keys_of_the_example() -> BTreeMap<String, BTreeSet<String>> {
    let is_key = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    let mut table = String::new();
    let mut keys: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in EXAMPLE.lines() {
        let line = line.trim_start_matches(['#', ' ']);
        if line.starts_with('[') && line.ends_with(']') {
            table = line.trim_matches(['[', ']']).to_owned();
            if let Some((parent, key)) = table.rsplit_once('.') {
                keys.entry(parent.to_owned()).or_default().insert(key.to_owned());
            }
        } else if let Some((key, _)) = line.split_once(" = ").filter(|(key, _)| is_key(key)) {
            keys.entry(table.clone()).or_default().insert(key.to_owned());
        }
    }
    keys
}

#[test]
fn every_setting_is_in_the_example() {
    let example = keys_of_the_example();
    for (table, known) in settings() {
        let shown = example.get(&table).unwrap_or_else(|| panic!("[{table}] is in the example"));
        let missing: Vec<_> = known.difference(shown).collect();
        assert!(missing.is_empty(), "not in deploy/postern.example.toml, [{table}]: {missing:?}");
    }
}

/// The object with the settings of this table in the summary of `check-config`.
fn shown<'a>(summary: &'a Value, table: &str) -> &'a Value {
    match table {
        "integrations" => &summary["integrations"][0],
        "salto.environments.acceptance" => &summary["environment_settings"][0],
        "salto.environments.acceptance.guest_keys" => {
            &summary["environment_settings"][0]["guest_keys"]
        }
        section => &summary["settings"][section],
    }
}

#[test]
fn every_setting_is_shown_by_check_config() {
    let settings = settings();
    for (table, key) in [
        ("broker", "prefetch"),
        ("audit", "directory"),
        ("integrations", "redirect_uri"),
        ("salto.environments.acceptance", "scope"),
        ("salto.environments.acceptance.guest_keys", "code_parameter"),
    ] {
        assert!(settings[table].contains(key), "{table}.{key} is a setting: {settings:#?}");
    }
    let postern = Postern::with(CONFIGURATION);
    let json = postern.run(&["check-config", "--output", "json"]);
    assert_eq!(json.status, Some(0), "{}", json.stderr);
    let summary: Value = serde_json::from_str(&json.stdout).unwrap();
    let text = postern.run(&["check-config"]).stdout;
    // These are in the first line of an integration, without their names.
    let unnamed = [
        "id",
        "active",
        "environment",
        "site_uid",
        "flow",
        "otp_scheme",
        "open_from_statuses",
        "minutes_before",
        "locks",
        "default_lock",
    ];
    for (table, keys) in settings {
        let object = shown(&summary, &table);
        for key in keys {
            assert!(object.get(&key).is_some(), "check-config shows {table}.{key}: {summary:#}");
            let is_unnamed = table == "integrations" && unnamed.contains(&key.as_str());
            assert!(is_unnamed || text.contains(&format!("{key} ")), "{table}.{key}: {text}");
        }
    }
}
