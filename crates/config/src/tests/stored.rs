//! Documents of one integration: read as those of the file, with all mistakes at once, and no secret in any text.

use std::collections::BTreeMap;

use ::secrecy::ExposeSecret;
use consumer::{IntegrationDocument, IntegrationRecord, StoredPassword};
use salto::SignIn;

use super::*;
use crate::{Document, SecretForms, StoredIntegrations, read_stored};

const DOCUMENT: &str = r#"
id = "stored"
environment = "production"
site_uid = "NL2"
username = "system"
password = "open sesame"
open_from_statuses = ["paid"]
[locks]
"room 1" = "a5091d73-d7ea-4eb7-b883-0a4d241584ca"
"#;

fn api(text: &str) -> StoredIntegrations {
    StoredIntegrations::new(&Written::new(text).load().unwrap()).unwrap()
}

/// The mistakes of a document, by path.
fn check(document: &str, forms: SecretForms<'_>, has_password: bool) -> Vec<String> {
    let checked = Document::from_text("a.toml", document)
        .and_then(|document| api(LEAST).check(&document, forms, has_password));
    let Err(report) = checked else { return Vec::new() };
    assert!(!format!("{report} {report:?}").contains("sesame"), "{report}");
    report.by_path().map(|it| it.to_string()).collect()
}

fn mistakes(document: &str) -> Vec<String> {
    check(document, SecretForms::InDocument, false)
}

#[test]
fn a_document_is_a_table_of_the_file_with_or_without_its_heading_or_json() {
    assert_eq!(mistakes(DOCUMENT), [""; 0]);
    let headed = DOCUMENT.replace("[locks]", "[integrations.locks]");
    assert_eq!(mistakes(&format!("[[integrations]]{headed}")), [""; 0]);
    let json = r#"{"id": "stored", "environment": "production", "site_uid": "NL2", "username": "u",
        "password": "open sesame", "open_from_statuses": ["paid"], "minutes_before": 5,
        "locks": {"room 1": "a5091d73-d7ea-4eb7-b883-0a4d241584ca"}, "version": 3}"#;
    assert_eq!(mistakes(json), [""; 0]);
    assert_eq!(Document::from_text("a", json).unwrap().version(), Some(3));
    let of_least = LEAST.split_once("[[integrations]]").unwrap().1;
    assert_eq!(mistakes(of_least), [""; 0], "what the file has is a document");
}

#[test]
fn all_mistakes_are_told_at_once_by_path() {
    let document = DOCUMENT
        .replace("\"production\"", "\"prodution\"")
        .replace("[\"paid\"]", "[]\nminutes_before = -1\nversion = \"new\"\npasword = \"sesame\"")
        .replace("\"a5091d73-d7ea-4eb7-b883-0a4d241584ca\"", "\" \"");
    let paths: Vec<String> = mistakes(&document)
        .iter()
        .filter_map(|it| it.split_once(": ").map(|(path, _)| path.to_owned()))
        .collect();
    let wanted = [
        "environment",
        "open_from_statuses",
        "minutes_before",
        "version",
        "pasword",
        "locks.\"room 1\"",
    ];
    assert_eq!(paths, wanted);
    let found = mistakes(&document);
    assert!(found.iter().any(|it| it.contains("did you mean production? (value: \"prodution\")")));
    for (text, wanted) in [
        ("id = ", "is not TOML at column"),
        ("{\"id\": 1, \"id\": 2}", "an object has a key twice"),
        (
            "[[integrations]]\nid = \"a\"\n[[integrations]]\nid = \"b\"",
            "one integration, and has 2",
        ),
        ("[redis]\nurl = \"x\"\n[[integrations]]\nid = \"a\"", "redis: is unknown"),
        ("{\"id\": null}", "id: must be a string"),
    ] {
        let found = mistakes(text);
        assert!(found.iter().any(|it| it.contains(wanted)), "{text}: {found:?}");
    }
    let large = format!("{DOCUMENT}#{}", "x".repeat(1024 * 1024));
    assert_eq!(mistakes(&large), ["must be at most 1048576 bytes"]);
}

#[test]
fn a_document_from_elsewhere_names_no_file_and_no_variable_of_this_machine() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("secret");
    fs::write(&file, "open sesame\n").unwrap();
    let variables = Variables::from([("SECRET".into(), "open sesame".into())]);
    let also = SecretForms::AlsoNamed(&variables);
    for named in [format!("{{ file = {file:?} }}"), "{ env = \"SECRET\" }".to_owned()] {
        let document = DOCUMENT.replace("\"open sesame\"", &named);
        assert_eq!(check(&document, also, false), [""; 0], "{named}");
        let refused = mistakes(&document);
        assert_eq!(refused.len(), 1, "{refused:?}");
        assert!(refused[0].starts_with("password: must be a string"), "{refused:?}");
    }
}

#[test]
fn a_password_that_is_stored_need_not_be_given_again() {
    let without = DOCUMENT.replace("password = \"open sesame\"\n", "");
    assert_eq!(check(&without, SecretForms::InDocument, true), [""; 0]);
    let missing = mistakes(&without);
    assert_eq!(missing.len(), 1, "{missing:?}");
    assert!(missing[0].starts_with("password: is missing"), "{missing:?}");
    let browser = without.replace(
        "username = \"system\"",
        "flow = \"authorization_code\"\nredirect_uri = \"http://127.0.0.1:8765/\"",
    );
    assert_eq!(check(&browser, SecretForms::InDocument, true), [""; 0]);
}

/// A record with this document in JSON.
fn record(document: serde_json::Value, password: StoredPassword) -> IntegrationRecord {
    let settings = document.as_object().unwrap().clone();
    let (author, changed_at) = ("ada".to_owned(), chrono::Utc::now());
    let document = IntegrationDocument { version: 1, author, changed_at, settings };
    IntegrationRecord { id: "stored".to_owned(), document, password }
}

#[test]
fn a_stored_document_is_read_with_its_password_or_says_why_not() {
    let config = Written::new(LEAST).load().unwrap();
    let environments = &config.settings.environments;
    let document = || {
        serde_json::json!({"id": "stored", "environment": "production", "site_uid": "NL2",
            "username": "u", "open_from_statuses": ["paid"], "minutes_before": 5})
    };
    let known = || StoredPassword::Known("open sesame".into());
    let read = read_stored(&record(document(), known()), environments).unwrap();
    assert_eq!(read.rules.minutes_before, 5);
    let SignIn::Password { password, .. } = &read.account.sign_in else { panic!("no password") };
    assert_eq!(password.expose_secret(), "open sesame");

    let why =
        |document, password| read_stored(&record(document, password), environments).unwrap_err();
    assert!(why(document(), StoredPassword::Missing).contains("password: is missing"));
    let undecryptable = why(document(), StoredPassword::Undecryptable);
    assert!(undecryptable.contains("cannot be decrypted"), "{undecryptable}");
    let mut other = document();
    other["id"] = "another".into();
    assert!(why(other, known()).contains("id: is another one"));
    let mut newer = document();
    newer["a_later_setting"] = true.into();
    assert!(why(newer, known()).contains("a_later_setting: is unknown"));
    let none = BTreeMap::new();
    let gone = read_stored(&record(document(), known()), &none).unwrap_err();
    assert!(gone.contains("environment: "), "{gone}");
    // Who may write to Redis does not make a worker read its files.
    let mut named = document();
    named["password"] = serde_json::json!({"file": "/etc/hostname"});
    assert!(why(named, StoredPassword::Missing).contains("password: is missing"));
}

#[test]
fn the_documents_of_the_file_are_what_was_set_without_the_password() {
    let config = Written::new(LEAST).load().unwrap();
    let document = &config.documents["acme"];
    let keys: Vec<&str> = document.keys().map(String::as_str).collect();
    assert_eq!(keys, ["environment", "id", "open_from_statuses", "site_uid", "username"]);
}
