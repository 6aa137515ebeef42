//! The tests that docs/salto-ks.md names for the facts about the platform exist.

use std::fs;
use std::path::Path;

use checks::documents::code_spans;
use checks::workspace_root;

#[test]
fn the_tests_of_the_facts_about_salto_exist() {
    let root = workspace_root();
    let document = fs::read_to_string(root.join("docs/salto-ks.md")).expect("it can be read");
    let (_, table) = document.split_once("## Which test holds which fact").expect("the section");
    let rows = table.lines().filter(|line| line.starts_with("| "));
    let tests: Vec<_> = rows
        .filter_map(|row| row.trim_end_matches(" |").rsplit(" | ").next())
        .flat_map(code_spans)
        .collect();
    assert!(tests.len() > 20, "{tests:?}");
    let mut sources = String::new();
    for folder in ["crates", "tests"] {
        add_sources(&root.join(folder), &mut sources);
    }
    let missing: Vec<_> =
        tests.into_iter().filter(|test| !sources.contains(&format!("fn {test}("))).collect();
    assert!(missing.is_empty(), "docs/salto-ks.md names tests that do not exist: {missing:?}");
}

fn add_sources(folder: &Path, sources: &mut String) {
    for entry in
        fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path())
    {
        if entry.is_dir() {
            add_sources(&entry, sources);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            sources.push_str(&fs::read_to_string(&entry).expect("a source can be read"));
        }
    }
}
