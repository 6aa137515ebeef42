//! The document under `schemas/` is the one that this code generates.

#[test]
fn the_document_is_up_to_date() {
    let document = console::document().unwrap();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../schemas/console/openapi.json");
    let found = std::fs::read_to_string(path).unwrap_or_default();
    assert!(found == document, "schemas/console/openapi.json is stale: run `make schemas`");
}
