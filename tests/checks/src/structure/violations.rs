//! What breaks the rules of the structure, one line each, as `file:line: what`.

use std::path::Path;

use super::rings::{Ring, rings};
use super::size::{Oversize, long_files, long_functions};
use super::tree::Crate;
use crate::sources::relative;

/// The imports that make rings of modules.
#[must_use]
pub fn ring_violations(root: &Path, read: &Crate) -> Vec<String> {
    rings(read).iter().flat_map(|ring| ring_lines(root, read, ring)).collect()
}

fn ring_lines(root: &Path, read: &Crate, ring: &Ring) -> Vec<String> {
    let size = ring.modules.len();
    ring.edges
        .iter()
        .map(|edge| {
            let (from, to) = (&read.modules[edge.from], &read.modules[edge.to]);
            let file = relative(root, &from.file);
            format!(
                "{file}:{}: {} imports {}, a ring of {size} modules",
                edge.line, from.path, to.path
            )
        })
        .collect()
}

/// The functions with more than `most` lines.
#[must_use]
pub fn function_violations(root: &Path, read: &Crate, most: usize) -> Vec<String> {
    long_functions(read, most).iter().map(|function| size_line(root, function, most)).collect()
}

/// The files with more than `most` lines.
#[must_use]
pub fn file_violations(root: &Path, read: &Crate, most: usize) -> Vec<String> {
    long_files(read, most).iter().map(|file| size_line(root, file, most)).collect()
}

fn size_line(root: &Path, found: &Oversize, most: usize) -> String {
    let Oversize { name, file, line, lines } = found;
    format!("{}:{line}: {name} has {lines} lines, at most {most} are allowed", relative(root, file))
}
