//! Files of dead letters, as JSON Lines. They contain personal data, and may be the only copy.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufWriter, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use anyhow::Context;

use super::document::LetterDocument;

/// A new file of dead letters.
#[derive(Debug)]
pub struct LetterFile(BufWriter<File>);

impl LetterFile {
    /// Creates a file that only this user may read. An existing file is never overwritten.
    ///
    /// # Errors
    /// The file exists, or the system refuses it.
    pub fn create(path: &Path) -> anyhow::Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        let file = file.with_context(|| format!("cannot create {}", path.display()))?;
        // The name of the file must be as durable as its content.
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let directory = File::open(parent.unwrap_or(Path::new(".")));
        directory
            .and_then(|directory| directory.sync_all())
            .with_context(|| format!("cannot store the name of {} durably", path.display()))?;
        Ok(Self(BufWriter::new(file)))
    }

    /// Writes one dead letter as one line.
    ///
    /// # Errors
    /// The system refuses it.
    pub fn write(&mut self, document: &LetterDocument) -> anyhow::Result<()> {
        let mut line = serde_json::to_vec(document).context("a dead letter cannot be written")?;
        line.push(b'\n');
        self.0.write_all(&line).context("a dead letter cannot be written")
    }

    /// Returns once all that was written is on the disk.
    ///
    /// # Errors
    /// The system refuses it.
    pub fn sync(&mut self) -> io::Result<()> {
        self.0.flush()?;
        self.0.get_ref().sync_data()
    }
}
