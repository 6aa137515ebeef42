//! Where a run lives, and what remains of it.

use crate::history::History;
use std::path::{Path, PathBuf};

/// The directory of a run: servers and workers live in one part of it, and what they leave is kept in the other.
#[derive(Debug)]
pub struct Directory {
    base: PathBuf,
    kept: PathBuf,
    remain: bool,
}

impl Directory {
    /// One for a run with this seed; `keep` says where everything is kept, whatever comes of the run.
    ///
    /// All temporary directories of this process are in it from now on, so that what is kept is everything: one run per
    /// process.
    pub fn new(seed: u64, keep: Option<&Path>) -> Self {
        let base = std::env::temp_dir().join(format!("chaos-{seed}-{}", std::process::id()));
        let kept = keep.map_or_else(|| base.join("kept"), Path::to_owned);
        let directory = Self { base, kept, remain: keep.is_some() };
        std::fs::create_dir_all(directory.live()).expect("a directory can be made");
        // A second run in this process goes on in the first one's.
        let _ = tempfile::env::override_temp_dir(&directory.live());
        directory
    }

    fn live(&self) -> PathBuf {
        self.base.join("live")
    }

    /// Where logs and history are when the run is over.
    pub fn kept(&self) -> &Path {
        &self.kept
    }

    /// Keeps logs, configurations and Redis' files, while they are still there.
    pub fn keep(&self) {
        copy(&self.live(), &self.kept);
    }

    /// Adds the record of the run.
    pub fn keep_history(&self, history: &History) {
        let text = serde_json::to_vec(history).expect("a history can be written");
        std::fs::create_dir_all(&self.kept).expect("a directory can be made");
        std::fs::write(self.kept.join("history.json"), text).expect("the history is written");
    }

    /// What is kept stays when this is dropped, also where nobody asked for it.
    pub fn remains(&mut self) {
        self.remain = true;
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let kept_inside = self.kept.starts_with(&self.base);
        let panicking = std::thread::panicking();
        if panicking {
            eprintln!("what there is of logs is in {}", self.kept.display());
        }
        if (self.remain || panicking) && kept_inside {
            let _ = std::fs::remove_dir_all(self.live());
        } else {
            let _ = std::fs::remove_dir_all(&self.base);
        }
    }
}

/// Not the broker's data: they are many files, and nobody reads them.
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
