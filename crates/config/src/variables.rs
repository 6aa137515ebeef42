//! Overrides by environment variables: `POSTERN__BROKER__URL` overrides `broker.url`.

use std::{collections::BTreeMap, ffi::OsString};

use secrecy::SecretString;

use super::{
    mistake::{Mistakes, Origin},
    tree::{Node, Table, Value},
};

/// The environment variables of the process.
pub type Variables = BTreeMap<OsString, OsString>;

const PREFIX: &str = "POSTERN__";

/// Puts every variable that starts with `POSTERN__` into the tree. A variable that is not a setting is
/// reported later, with the unknown keys of the file.
pub(super) fn apply(root: &mut Table, variables: &Variables, mistakes: &Mistakes) {
    for (name, text) in variables {
        let Some((name, path)) =
            name.to_str().and_then(|name| Some((name, name.strip_prefix(PREFIX)?)))
        else {
            continue;
        };
        let origin = Origin::Variable(name.to_owned());
        let path: Vec<&str> = path.split("__").collect();
        let (Some(text), Some((key, sections))) = (text.to_str(), path.split_last()) else {
            mistakes.add(&origin, "", "must be UTF-8");
            continue;
        };
        if path.contains(&"") {
            mistakes.add(&origin, "", "must name a setting, such as POSTERN__BROKER__URL");
        } else if normalized(sections.first().unwrap_or(key)) == "integrations" {
            let what = "integrations cannot be changed by environment variables, only settings outside them";
            mistakes.add(&origin, "", what);
        } else {
            let value = Value::Text(SecretString::from(text));
            insert(root, sections, key, Node { value, origin });
        }
    }
}

fn insert(table: &mut Table, sections: &[&str], key: &str, node: Node) {
    let Some((section, deeper)) = sections.split_first() else {
        table.insert(key_in(table, key), node);
        return;
    };
    let empty = || Node { value: Value::Table(Table::new()), origin: node.origin.clone() };
    let inner = table.entry(key_in(table, section)).or_insert_with(empty);
    if !matches!(inner.value, Value::Table(_)) {
        *inner = empty();
    }
    if let Value::Table(inner) = &mut inner.value {
        insert(inner, deeper, key, node);
    }
}

/// The key of the table that a part of a variable's name refers to, else the part as a new key.
fn key_in(table: &Table, part: &str) -> String {
    let wanted = normalized(part);
    table.keys().find(|key| normalized(key) == wanted).cloned().unwrap_or(wanted)
}

/// The key in lower case and without hyphens, because names of variables have neither.
fn normalized(key: &str) -> String {
    key.to_lowercase().replace('-', "_")
}
