//! Environment variables in place of values of the file: `POSTERN__BROKER__URL` is `broker.url`.

use secrecy::SecretString;

use super::{
    Variables,
    mistake::{Mistakes, Origin},
    tree::{Node, Table, Value},
};

const PREFIX: &str = "POSTERN__";

/// Puts every variable that starts with `POSTERN__` into the tree. A variable that names no setting
/// is found out later, with the file's unknown keys.
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
        } else if spelled(sections.first().unwrap_or(key)) == "integrations" {
            let what = "integrations cannot be changed by environment, only settings outside them";
            mistakes.add(&origin, "", what);
        } else {
            let value = Value::Text(SecretString::from(text));
            put(root, sections, key, Node { value, origin });
        }
    }
}

fn put(table: &mut Table, sections: &[&str], key: &str, node: Node) {
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
        put(inner, deeper, key, node);
    }
}

/// The key of the table that a variable's part means, else the part as a new key.
fn key_in(table: &Table, part: &str) -> String {
    let wanted = spelled(part);
    table.keys().find(|key| spelled(key) == wanted).cloned().unwrap_or(wanted)
}

/// Variables have no lower case and no hyphens.
fn spelled(key: &str) -> String {
    key.to_lowercase().replace('-', "_")
}
