//! Each kind of mistake, all of them together with the wrong values, and no secret in any report.

mod console;
mod exposure;
mod integration_mistakes;
mod mistakes;
mod reading;
mod secrecy;
mod several_servers;
mod stored;
mod url_and_secret_mistakes;
mod values_in_reports;

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use super::{Config, MistakeReport, Variables, load};

/// 32 bytes.
const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// A configuration with every setting that has no default.
const LEAST: &str = r#"
[secrets]
key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

[salto.environments.production]
client_id = "platform"
client_secret = "client's own"

[[integrations]]
id = "acme"
environment = "production"
site_uid = "NL1"
username = "system"
password = "open sesame"
open_from_statuses = ["paid"]
"#;

/// A directory with a configuration file.
struct Written {
    directory: TempDir,
    variables: Variables,
}

impl Written {
    fn new(text: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        // Nobody else can read the secrets in it.
        fs::set_permissions(directory.path(), Permissions::from_mode(0o700)).unwrap();
        fs::write(directory.path().join("postern.toml"), text).unwrap();
        Self { directory, variables: Variables::new() }
    }

    /// The same directory with another configuration.
    fn with_text(self, text: &str) -> Self {
        fs::write(self.directory.path().join("postern.toml"), text).unwrap();
        self
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// A file beside the configuration.
    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.directory.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    fn load(&self) -> Result<Config, MistakeReport> {
        load(&self.directory.path().join("postern.toml"), &self.variables)
    }

    /// The report's lines, without the directory.
    fn mistakes(&self) -> Vec<String> {
        let report = self.load().unwrap_err().to_string();
        let directory = format!("{}/", self.directory.path().display());
        report.lines().skip(1).map(|line| line.trim().replace(&directory, "")).collect()
    }
}

/// The mistakes of the least configuration with `old` replaced by `new`.
fn with(old: &str, new: &str) -> Vec<String> {
    assert!(LEAST.contains(old), "{old}");
    Written::new(&LEAST.replace(old, new)).mistakes()
}

/// The mistakes of the least configuration with `more` before it.
fn after(more: &str) -> Vec<String> {
    Written::new(&format!("{more}{LEAST}")).mistakes()
}

/// The only mistake begins with `place` and says `wanted`.
#[track_caller]
fn only(mistakes: &[String], place: &str, wanted: &str) {
    let [mistake] = mistakes else { panic!("one mistake: {mistakes:#?}") };
    assert!(mistake.starts_with(place), "{mistake}");
    assert!(mistake.contains(wanted), "{mistake}");
}
