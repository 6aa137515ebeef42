//! The table of roles in docs/console.md is that of the routes.

use std::fs;

use config::Role;
use console::{RouteRule, rules};

const BEGIN: &str = "<!-- routes -->\n";
const END: &str = "<!-- end of routes -->";

fn table() -> String {
    let mut lines = vec!["".to_owned(), "| route | needs |".to_owned(), "| --- | --- |".to_owned()];
    for RouteRule { method, path, role, of_integration } in rules() {
        let needs = match role {
            None => "nothing",
            Some(role) => role.code(),
        };
        let of_integration = if of_integration { ", of the integration" } else { "" };
        lines.push(format!("| `{method} {path}` | {needs}{of_integration} |"));
    }
    lines.join("\n") + "\n\n"
}

/// `UPDATE=1` writes the table.
#[test]
fn the_document_has_the_table_of_the_routes() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/console.md");
    let text = fs::read_to_string(path).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (found, after) = rest.split_once(END).unwrap();
    let table = table();
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
    } else {
        assert!(
            found == table,
            "docs/console.md is stale: UPDATE=1 cargo test -p console --test roles"
        );
    }
}

#[test]
fn each_role_may_do_what_those_before_it_may() {
    assert!(Role::ALL.is_sorted());
}
