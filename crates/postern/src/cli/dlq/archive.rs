//! Files of dead letters, as JSON Lines: they hold personal data, and may be all that is left.

use std::{
    fs::{File, OpenOptions},
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use anyhow::Context;

use super::document::Document;

/// A new file that only this user may read. Never over another one.
pub(super) fn create(path: &Path) -> anyhow::Result<File> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let file = file.with_context(|| format!("cannot create {}", path.display()))?;
    // The file's name must be as safe as what is in it.
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = File::open(parent.unwrap_or(Path::new(".")));
    directory
        .and_then(|directory| directory.sync_all())
        .with_context(|| format!("cannot make {} last", path.display()))?;
    Ok(file)
}

/// One line.
pub(super) fn write(file: &mut impl Write, document: &Document) -> anyhow::Result<()> {
    let mut line = serde_json::to_vec(document).context("a dead letter cannot be written")?;
    line.push(b'\n');
    file.write_all(&line).context("a dead letter cannot be written")
}
