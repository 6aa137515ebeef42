//! Checks of the repository itself, which no compiler makes: see `tests/` for what each one requires.

pub mod documents;
pub mod monitoring;
pub mod promql;
pub mod sources;
pub mod structure;

use std::path::{Path, PathBuf};

/// The root of the checked workspace: `CHECKED_ROOT`, or the workspace that this program belongs to.
///
/// # Panics
///
/// Where there is no such folder.
#[must_use]
pub fn workspace_root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let root = std::env::var_os("CHECKED_ROOT").map_or(own, PathBuf::from);
    root.canonicalize().unwrap_or_else(|error| panic!("{}: {error}", root.display()))
}
