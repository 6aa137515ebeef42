//! Running `postern` with a configuration of the test's own.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::Duration,
};

use end_to_end::broker::Vhost;
use tempfile::TempDir;

/// A configuration file and the environment to run in.
pub(crate) struct Postern {
    directory: TempDir,
    variables: Vec<(String, String)>,
}

/// The result of a run.
#[derive(Debug)]
pub(crate) struct RunResult {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Postern {
    /// With one integration, and no server at any of its addresses.
    pub(crate) fn new() -> Self {
        Self::with(
            r#"
[broker]
url = "amqp://guest:br0ker-pass@127.0.0.1:1/%2f"
[redis]
url = "redis://:r3dis-pass@127.0.0.1:1/0"
[secrets]
key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
[http]
listen = "127.0.0.1:0"
[salto.environments.nowhere]
identity_url = "http://127.0.0.1:1"
api_url = "http://127.0.0.1:1"
client_id = "platform"
client_secret = "cl1ent-secret"
[[integrations]]
id = "acme"
environment = "nowhere"
site_uid = "NL1"
username = "system"
password = "us3r-pass"
open_from_statuses = ["paid"]
"#,
        )
    }

    /// With this configuration.
    pub(crate) fn with(configuration: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("postern.toml");
        fs::write(&file, configuration).unwrap();
        // It contains secrets.
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        Self { directory, variables: Vec::new() }
    }

    /// With a variable set.
    pub(crate) fn variable(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.directory.path().join("postern.toml")
    }

    /// The program with `--config` and these arguments, not started yet.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = bare();
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.arg("--config").arg(self.file()).args(arguments);
        command
    }

    /// Runs to the end.
    pub(crate) fn run(&self, arguments: &[&str]) -> RunResult {
        end(&mut self.command(arguments))
    }
}

/// The program without configuration, in an environment without settings.
pub(crate) fn bare() -> Command {
    let mut command = Command::new(Path::new(env!("CARGO_BIN_EXE_postern")));
    command.stdin(Stdio::null()).env_clear();
    command
}

/// Runs to the end. No secret of [`Postern::new`] may be in its output.
pub(crate) fn end(command: &mut Command) -> RunResult {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let [stdout, stderr] = [stdout, stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    for secret in ["br0ker-pass", "r3dis-pass", "cl1ent-secret", "us3r-pass", "AAECAwQF"] {
        assert!(!stdout.contains(secret) && !stderr.contains(secret), "{stdout}{stderr}");
    }
    RunResult { status: status.code(), stdout, stderr }
}

/// A virtual host with the exchanges and queues that a worker declares.
pub(crate) async fn vhost_with_topology() -> Vhost {
    let vhost = Vhost::new().await;
    with_topology(&vhost).await;
    vhost
}

/// Declares the exchanges and queues that a worker declares.
pub(crate) async fn with_topology(vhost: &Vhost) {
    let limit = Duration::from_secs(20);
    let connection = publisher::connect(vhost.url(), "postern tests", limit).await.unwrap();
    publisher::declare(&connection).await.unwrap();
    connection.close(200, "done".into()).await.unwrap();
}
