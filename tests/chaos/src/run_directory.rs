//! The directory of a run, and the files that are kept.

use crate::history::History;
use std::path::{Path, PathBuf};

/// The directory of a run: servers and workers use one part of it; the files to keep are copied to the other.
#[derive(Debug)]
pub struct RunDirectory {
    base: PathBuf,
    kept: PathBuf,
    keep: bool,
}

impl RunDirectory {
    /// Creates one for a run with this seed; with `keep`, the files are kept there even without violations.
    ///
    /// From now on all temporary directories of this process are created in it, so that all files are kept. A process
    /// has one.
    pub fn new(seed: u64, keep: Option<&Path>) -> Self {
        let base = std::env::temp_dir().join(format!("chaos-{seed}-{}", std::process::id()));
        let kept = keep.map_or_else(|| base.join("kept"), Path::to_owned);
        let directory = Self { base, kept, keep: keep.is_some() };
        std::fs::create_dir_all(directory.live()).expect("a directory can be made");
        // A second one in this process uses the directory of the first.
        let _ = tempfile::env::override_temp_dir(&directory.live());
        directory
    }

    fn live(&self) -> PathBuf {
        self.base.join("live")
    }

    /// The directory of logs and history after the run.
    pub fn kept(&self) -> &Path {
        &self.kept
    }

    /// Copies logs, configurations and Redis' files to this part of the files to keep, when the result is dropped.
    /// Drop it before what deletes them.
    pub fn copy_at_end(&self, part: &str) -> CopyOnDrop {
        CopyOnDrop { live: self.live(), kept: self.kept.join(part) }
    }

    /// Writes the history of the run.
    pub fn write_history(&self, history: &History) {
        let text = serde_json::to_vec(history).expect("a history can be written");
        std::fs::create_dir_all(&self.kept).expect("a directory can be made");
        std::fs::write(self.kept.join("history.json"), text).expect("the history is written");
    }

    /// Keeps the copied files when this is dropped, even without `--keep`.
    pub fn keep(&mut self) {
        self.keep = true;
    }
}

impl Drop for RunDirectory {
    fn drop(&mut self) {
        let kept_inside = self.kept.starts_with(&self.base);
        let panicking = std::thread::panicking();
        if panicking {
            eprintln!("logs: {}", self.kept.display());
        }
        if (self.keep || panicking) && kept_inside {
            let _ = std::fs::remove_dir_all(self.live());
        } else {
            let _ = std::fs::remove_dir_all(&self.base);
        }
    }
}

/// Copies the files to keep when a run ends, also by a panic.
#[derive(Debug)]
pub struct CopyOnDrop {
    live: PathBuf,
    kept: PathBuf,
}

impl Drop for CopyOnDrop {
    fn drop(&mut self) {
        copy(&self.live, &self.kept);
    }
}

/// Copies a directory without the broker's data: they are many files and of no use to a reader.
fn copy(from: &Path, to: &Path) {
    let _ = std::fs::create_dir_all(to);
    for entry in std::fs::read_dir(from).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        if path.is_dir() && name != "data" {
            copy(&path, &to.join(name));
        } else if path.is_file() {
            let _ = std::fs::copy(&path, to.join(name));
        }
    }
}
