//! A document in TOML.

use serde_json::{Map, Value};

/// These keys come first, in this order; the others follow in alphabetical order, and tables come last.
const FIRST: [&str; 9] = [
    "id",
    "version",
    "active",
    "mode",
    "environment",
    "site_uid",
    "flow",
    "username",
    "open_from_statuses",
];

/// The document in TOML.
pub(super) fn of(document: &Map<String, Value>) -> String {
    let mut keys: Vec<&String> = document.keys().collect();
    let place = |key: &str| FIRST.iter().position(|first| *first == key).unwrap_or(FIRST.len());
    keys.sort_by_key(|key| (document[*key].is_object(), place(key), *key));
    let mut text = String::new();
    for key in keys {
        let is_table = document[key].is_object();
        let one = Map::from_iter([(key.clone(), document[key].clone())]);
        // A document has no value that TOML has not.
        let one = toml::to_string(&one).unwrap_or_default();
        if is_table {
            text.push('\n');
        }
        text.push_str(&one);
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_come_before_tables_and_any_text_is_quoted() {
        let document = json!({
            "locks": {"room \"1\"": "a\nb", "a": "x"},
            "active": false,
            "id": "acme",
            "version": 3,
            "open_from_statuses": ["paid"],
            "shared_doors": {"gate": ["*"]},
        });
        let text = of(document.as_object().unwrap());
        let read: Map<String, Value> = toml::from_str(&text).unwrap();
        assert_eq!(Value::from(read), document);
        assert!(text.starts_with("id = \"acme\"\nversion = 3\nactive = false\n"), "{text}");
    }
}
