//! No modules import each other in rings; no function is over 60 lines, and no product file over 250.
//!
//! `CHECKED_ROOT=folder` checks another checkout.

use std::path::Path;

use checks::sources::{CrateRoot, crate_roots};
use checks::structure::{Crate, file_violations, function_violations, ring_violations};
use checks::workspace_root;

const FUNCTION_LINES: usize = 60;
const FILE_LINES: usize = 250;

#[test]
fn no_modules_import_each_other_in_rings() {
    assert_none(|_| true, ring_violations);
}

#[test]
fn no_function_is_too_long() {
    assert_none(|_| true, |root, read| function_violations(root, read, FUNCTION_LINES));
}

#[test]
fn no_product_file_is_too_long() {
    assert_none(|of| of.product, |root, read| file_violations(root, read, FILE_LINES));
}

fn assert_none(
    applies: impl Fn(&CrateRoot) -> bool,
    violations: impl Fn(&Path, &Crate) -> Vec<String>,
) {
    let root = workspace_root();
    let checked: Vec<_> = crate_roots(&root).into_iter().filter(applies).collect();
    assert!(!checked.is_empty(), "no crates at {}", root.display());
    let found: Vec<_> =
        checked.iter().flat_map(|of| violations(&root, &Crate::read(&of.file))).collect();
    assert!(found.is_empty(), "{} violations:\n{}", found.len(), found.join("\n"));
}
