//! Everything that one test needs, isolated from all other tests: a virtual host, keys of its own in Redis, a simulator
//! and a configuration.

use crate::broker::{PrivateBroker, Vhost};
use crate::deadline::{SOON, within};
use crate::processes::Process;
use crate::redis::{self, PrivateRedis};
use crate::services;
use crate::settings::Settings;
use crate::simulator::{IQ_FIRST_FLOOR, IQ_GROUND_FLOOR, Simulator};
use crate::worker::{WorkerCommand, postern};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::{Output, Stdio};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;

/// The setup of one test. Change `settings` before starting workers.
#[derive(Debug)]
pub struct Setup {
    pub vhost: Vhost,
    pub simulator: Simulator,
    pub settings: Settings,
    redis_url: String,
    key_prefix: String,
    directory: TempDir,
}

impl Setup {
    /// On the shared servers, with both IQs activated.
    pub async fn new() -> Self {
        let setup = Self::unactivated().await;
        setup.activate(IQ_GROUND_FLOOR).await;
        setup.activate(IQ_FIRST_FLOOR).await;
        setup
    }

    /// On the shared servers, no IQ activated.
    pub async fn unactivated() -> Self {
        Self::over(Vhost::new().await, services::redis_url()).await
    }

    /// On a broker of the test's own, both IQs activated.
    pub async fn on_broker(broker: &PrivateBroker) -> Self {
        let setup = Self::over(broker.vhost().await, services::redis_url()).await;
        setup.activate(IQ_GROUND_FLOOR).await;
        setup.activate(IQ_FIRST_FLOOR).await;
        setup
    }

    /// On a Redis of the test's own, both IQs activated.
    pub async fn on_redis(server: &PrivateRedis) -> Self {
        let setup = Self::over(Vhost::new().await, server.url()).await;
        setup.activate(IQ_GROUND_FLOOR).await;
        setup.activate(IQ_FIRST_FLOOR).await;
        setup
    }

    /// On the given broker and Redis, no IQ activated.
    pub async fn over(vhost: Vhost, redis_url: String) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let simulator = Simulator::start_with_broker(directory.path(), vhost.url()).await;
        // Longer than any resend window of a test: at a lock that closes sooner, no command is repeated.
        simulator.change_settings(serde_json::json!({"open_seconds": 240})).await;
        Self::with(vhost, redis_url, directory, simulator)
    }

    /// On the shared servers, with a world file of the simulator that the test has written; the test sets the
    /// integrations and environments.
    pub async fn with_salto(salto: &serde_json::Value) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let simulator = Simulator::start_with_world(directory.path(), salto).await;
        simulator.change_settings(serde_json::json!({"open_seconds": 240})).await;
        Self::with(Vhost::new().await, services::redis_url(), directory, simulator)
    }

    fn with(vhost: Vhost, redis_url: String, directory: TempDir, simulator: Simulator) -> Self {
        let key_prefix = format!("test-{}:", uuid::Uuid::new_v4().simple());
        let settings = Settings::new(vhost.url(), &redis_url, &key_prefix, simulator.url());
        Self { vhost, simulator, settings, redis_url, key_prefix, directory }
    }

    /// A worker with the current settings.
    pub fn worker(&self, name: &str) -> WorkerCommand {
        WorkerCommand::new(name, self.directory.path(), &self.write_settings(name))
    }

    /// Runs a command of postern to its end, as `["check-config"]`, with nothing on its standard input.
    ///
    /// # Panics
    /// If it does not end.
    pub async fn postern(&self, arguments: &[&str]) -> Output {
        let config = self.write_settings("command");
        let mut command = tokio::process::Command::from(postern(&config));
        let output = command.args(arguments).stdin(Stdio::null()).kill_on_drop(true).output();
        within("the command's end", SOON * 3, output).await.expect("postern starts")
    }

    /// Runs a command of postern that is to be killed at this failpoint.
    ///
    /// # Panics
    /// If it does not end.
    pub async fn postern_killed_at(&self, arguments: &[&str], point: &str) -> Output {
        let file = self.directory().join("command-failpoint");
        std::fs::write(&file, format!("kill {point}")).expect("the failpoint is written");
        let mut command = tokio::process::Command::from(postern(&self.write_settings("command")));
        command.args(arguments).env("POSTERN_FAILPOINT", file).stdin(Stdio::null());
        let output = command.kill_on_drop(true).output();
        within("the command's end", SOON * 3, output).await.expect("postern starts")
    }

    /// Runs a command of postern to its end, with this text on its standard input.
    ///
    /// # Panics
    /// If it does not end.
    pub async fn postern_with_input(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = tokio::process::Command::from(postern(&self.write_settings("command")));
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child =
            command.stderr(Stdio::piped()).kill_on_drop(true).spawn().expect("postern starts");
        let mut stdin = child.stdin.take().expect("its input is piped");
        // If the command has ended, its status shows it.
        let _ = stdin.write_all(input.as_bytes()).await;
        drop(stdin);
        within("the command's end", SOON * 3, child.wait_with_output()).await.expect("it ends")
    }

    /// Starts a command of postern in the background, as `["tail", "--output", "json"]`.
    pub fn postern_in_background(&self, name: &str, arguments: &[&str]) -> Process {
        let mut command = postern(&self.write_settings(name));
        Process::start(name, self.directory.path(), command.args(arguments))
    }

    /// `postern iq activate` with a known PIN in a file.
    ///
    /// # Panics
    /// If it fails.
    pub async fn activate_with(&self, config: &Path, integration: &str, iq: &str, pin: &Path) {
        let mut command = postern(config);
        command
            .args(["iq", "activate", "--integration", integration, "--iq", iq])
            .arg("--pin-file");
        command.arg(pin).stdin(Stdio::null());
        let mut command = tokio::process::Command::from(command);
        let output = within("the activation's end", SOON * 2, command.kill_on_drop(true).output());
        let output = output.await.expect("postern starts");
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "postern iq activate: {}\n{stderr}", output.status);
    }

    /// `postern iq activate` with the PIN from the mail on standard input.
    ///
    /// # Panics
    /// If it fails.
    pub async fn activate(&self, iq: &str) {
        let mut command = postern(&self.write_settings("activate"));
        command.args(["iq", "activate", "--integration", crate::inbound::INTEGRATION, "--iq", iq]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut command = tokio::process::Command::from(command);
        let mut child = command.kill_on_drop(true).spawn().expect("postern starts");
        let mut input = child.stdin.take().expect("its input is piped");
        let typed = async {
            let pin = self.simulator.mailed_pin(iq).await;
            // If the command has ended, its status shows it below.
            let _ = input.write_all(format!("{pin}\n").as_bytes()).await;
        };
        let mut output = pin!(within("the activation's end", SOON * 2, child.wait_with_output()));
        let output = tokio::select! {
            early = &mut output => early,
            () = typed => output.await,
        };
        let output = output.expect("the command ends");
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "postern iq activate: {}\n{stderr}", output.status);
    }

    /// Everything that postern has stored in Redis for this test.
    pub async fn stored(&self) -> Vec<(String, Vec<u8>)> {
        redis::contents(&self.redis_url, &self.key_prefix).await
    }

    /// The address of Redis.
    pub fn redis_url(&self) -> &str {
        &self.redis_url
    }

    /// The prefix of all Redis keys of this test.
    pub fn key_prefix(&self) -> &str {
        &self.key_prefix
    }

    /// The directory of logs and configuration files.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Writes the current settings to the configuration file of the worker or command with this name.
    pub fn write_settings(&self, name: &str) -> PathBuf {
        let path = self.directory.path().join(format!("{name}.toml"));
        std::fs::write(&path, self.settings.to_toml()).expect("the configuration is written");
        // It contains secrets.
        let closed = Permissions::from_mode(0o600);
        std::fs::set_permissions(&path, closed).expect("the configuration's mode is set");
        path
    }
}
