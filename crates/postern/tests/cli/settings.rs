//! Every setting is in the example configuration, the contract and the changelog, is shown by
//! `check-config`, and refuses wrong values.
//!
//! The list of settings is the list of known keys in the report of an unknown key, so that a setting
//! that is new in the code is in it without a change here.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::running::Postern;

const EXAMPLE: &str = include_str!("../../../../deploy/postern.example.toml");

const CONTRACT: &str = include_str!("../../../../docs/contract.md");
const CHANGELOG: &str = include_str!("../../../../CHANGELOG.md");

/// Settings that the contract leaves out: what other programs and invariants rely on does not depend
/// on them.
const NOT_IN_THE_CONTRACT: [&str; 33] = [
    "audit.directory",
    "audit.to",
    "broker.urls",
    "console.archive_folder",
    "console.certificate",
    "console.listen",
    "console.origin",
    "console.private_key",
    "console.tokens",
    "console.users",
    "integrations.ask_entries",
    "integrations.flow",
    "integrations.mode",
    "integrations.redirect_uri",
    "integrations.rehearse_with",
    "opening.in_flight_per_integration",
    "opening.in_flight_per_iq",
    "redis.database",
    "redis.master",
    "redis.password",
    "redis.sentinel_password",
    "redis.sentinels",
    "redis.tls",
    "redis.username",
    "redis.wait_for_replicas",
    "retention.audit",
    "salto.environments.acceptance.events_url",
    "salto.environments.acceptance.guest_keys",
    "salto.environments.acceptance.guest_keys.access_code_path",
    "salto.environments.acceptance.guest_keys.code_parameter",
    "salto.environments.acceptance.guest_keys.digital_key_path",
    "salto.environments.acceptance.guest_keys.scope",
    "salto.environments.acceptance.scope",
];

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

/// The keys in a configuration by table, with those that are commented out.
fn keys_in(configuration: &str) -> BTreeMap<String, BTreeSet<String>> {
    let is_key = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    let mut table = String::new();
    let mut keys: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in configuration.lines() {
        let line = line.trim_start_matches(['#', ' ']);
        let line = line.split_once("  # ").map_or(line, |(line, _)| line).trim_end();
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
    let example = keys_in(EXAMPLE);
    for (table, known) in settings() {
        let shown = example.get(&table).unwrap_or_else(|| panic!("[{table}] is in the example"));
        let missing: Vec<_> = known.difference(shown).collect();
        assert!(missing.is_empty(), "not in deploy/postern.example.toml, [{table}]: {missing:?}");
    }
}

/// Every setting as `table.key`.
fn paths() -> BTreeSet<String> {
    let paths = |(table, keys): (String, BTreeSet<String>)| {
        keys.into_iter().map(move |key| format!("{table}.{key}"))
    };
    settings().into_iter().flat_map(paths).collect()
}

#[test]
fn the_contract_has_every_setting_but_those_that_it_leaves_out() {
    let (_, example) = CONTRACT.split_once("```toml\n").expect("the contract has a configuration");
    let (example, _) = example.split_once("```").expect("the configuration ends");
    let contract = keys_in(example);
    let is_in_contract = |path: &&String| {
        let (table, key) = path.rsplit_once('.').expect("a setting is in a table");
        contract.get(table).is_some_and(|keys| keys.contains(key))
    };
    let all = paths();
    let left_out: BTreeSet<_> = all.iter().filter(|it| !is_in_contract(it)).cloned().collect();
    assert_eq!(left_out, NOT_IN_THE_CONTRACT.map(str::to_owned).into());
}

#[test]
fn the_changelog_names_every_setting() {
    let key = |path: &String| format!("`{}`", path.rsplit('.').next().unwrap_or_default());
    let missing: Vec<_> = paths().into_iter().filter(|it| !CHANGELOG.contains(&key(it))).collect();
    assert!(missing.is_empty(), "CHANGELOG.md does not name {missing:?}");
}

/// The mistakes of a file with this setting only.
fn mistakes_of(table: &str, key: &str, value: &str) -> Vec<String> {
    let header = if table == "integrations" { "[[integrations]]" } else { &format!("[{table}]") };
    let ended = Postern::with(&format!("{header}\n{key} = {value}\n")).run(&["check-config"]);
    let place = format!(".{key}: ");
    ended.stderr.lines().filter(|line| line.contains(&place)).map(str::to_owned).collect()
}

#[test]
fn every_setting_refuses_a_value_of_another_kind() {
    for (table, keys) in settings() {
        for key in keys {
            let mistakes = mistakes_of(&table, &key, "[[1]]");
            assert!(!mistakes.is_empty(), "{table}.{key} = [[1]] is allowed");
        }
    }
}

/// A number in the example, and the smallest and the largest one that its comment allows.
struct Range {
    table: String,
    key: String,
    range: Option<(i64, i64)>,
}

fn ranges_of_the_example() -> Vec<Range> {
    let (mut table, mut comment, mut ranges) = (String::new(), String::new(), Vec::new());
    let mut after_setting = false;
    for line in EXAMPLE.lines() {
        if line.starts_with('[') {
            table = line.trim_matches(['[', ']']).to_owned();
        }
        match line.trim_start_matches('#').split_once(" = ") {
            Some((key, value)) if !key.contains(' ') => {
                after_setting = true;
                if value.parse::<i64>().is_ok() {
                    let (table, key) = (table.clone(), key.to_owned());
                    ranges.push(Range { table, key, range: range_in(&comment) });
                }
            }
            Some(_) | None => {
                if after_setting {
                    comment.clear();
                }
                after_setting = false;
                comment += line.trim_start_matches('#');
            }
        }
    }
    ranges
}

/// The numbers around the last `to` of a comment.
fn range_in(comment: &str) -> Option<(i64, i64)> {
    let (before, after) = comment.rsplit_once(" to ")?;
    let end = after.split(|it: char| !it.is_ascii_digit()).next()?;
    Some((before.rsplit(' ').next()?.parse().ok()?, end.parse().ok()?))
}

#[test]
fn the_ranges_of_numbers_are_those_in_the_example() {
    let ranges = ranges_of_the_example();
    assert!(ranges.iter().any(|it| it.key == "minutes_before"));
    for Range { table, key, range } in ranges {
        let (first, last) =
            range.unwrap_or_else(|| panic!("the comment of {key} ends with \"1 to 10.\""));
        for allowed in [first, last] {
            let mistakes = mistakes_of(&table, &key, &allowed.to_string());
            assert_eq!(mistakes, Vec::<String>::new(), "{table}.{key} = {allowed}");
        }
        for refused in [first - 1, last + 1] {
            let mistakes = mistakes_of(&table, &key, &refused.to_string());
            assert_eq!(mistakes.len(), 1, "{table}.{key} = {refused} is refused");
        }
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
