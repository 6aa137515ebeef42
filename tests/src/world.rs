//! Everything one test needs, apart from every other test: a virtual host, keys of its own in Redis, a simulator, a
//! configuration.

use crate::broker::{PrivateBroker, Vhost};
use crate::deadline::{SOON, within};
use crate::processes::Process;
use crate::redis::{self, PrivateRedis};
use crate::services;
use crate::settings::Settings;
use crate::simulator::{IQ_FIRST_FLOOR, IQ_GROUND_FLOOR, Simulator};
use crate::worker::{WorkerCommand, postern};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::{Output, Stdio};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;

/// One test's world. Change `settings` before starting workers.
#[derive(Debug)]
pub struct World {
    pub vhost: Vhost,
    pub simulator: Simulator,
    pub settings: Settings,
    redis_url: String,
    key_prefix: String,
    directory: TempDir,
}

impl World {
    /// On the shared servers, with both IQs activated.
    pub async fn new() -> Self {
        let world = Self::unactivated().await;
        world.activate(IQ_GROUND_FLOOR).await;
        world.activate(IQ_FIRST_FLOOR).await;
        world
    }

    /// On the shared servers, no IQ activated.
    pub async fn unactivated() -> Self {
        Self::over(Vhost::new().await, services::redis_url()).await
    }

    /// On a broker of the test's own, both IQs activated.
    pub async fn on_broker(broker: &PrivateBroker) -> Self {
        let world = Self::over(broker.vhost().await, services::redis_url()).await;
        world.activate(IQ_GROUND_FLOOR).await;
        world.activate(IQ_FIRST_FLOOR).await;
        world
    }

    /// On a Redis of the test's own, both IQs activated.
    pub async fn on_redis(server: &PrivateRedis) -> Self {
        let world = Self::over(Vhost::new().await, server.url()).await;
        world.activate(IQ_GROUND_FLOOR).await;
        world.activate(IQ_FIRST_FLOOR).await;
        world
    }

    /// On any of both, no IQ activated.
    pub async fn over(vhost: Vhost, redis_url: String) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let simulator = Simulator::start(directory.path()).await;
        Self::with(vhost, redis_url, directory, simulator)
    }

    /// On the shared servers, with a Salto of the test's own making (a world file of the simulator), whose
    /// integrations and environments are for the test to set.
    pub async fn of_salto(salto: &serde_json::Value) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let simulator = Simulator::start_with_world(directory.path(), salto).await;
        Self::with(Vhost::new().await, services::redis_url(), directory, simulator)
    }

    fn with(vhost: Vhost, redis_url: String, directory: TempDir, simulator: Simulator) -> Self {
        let key_prefix = format!("test-{}:", uuid::Uuid::new_v4().simple());
        let settings = Settings::new(vhost.url(), &redis_url, &key_prefix, simulator.url());
        Self { vhost, simulator, settings, redis_url, key_prefix, directory }
    }

    /// A worker with the settings as they stand.
    pub fn worker(&self, name: &str) -> WorkerCommand {
        WorkerCommand::new(name, self.directory.path(), &self.write_settings(name))
    }

    /// Runs a command of postern to its end, as `["check-config"]`, with nothing on its standard input.
    ///
    /// # Panics
    /// When it does not end.
    pub async fn postern(&self, arguments: &[&str]) -> Output {
        let config = self.write_settings("command");
        let mut command = tokio::process::Command::from(postern(&config));
        let output = command.args(arguments).stdin(Stdio::null()).kill_on_drop(true).output();
        within("the command's end", SOON * 3, output).await.expect("postern starts")
    }

    /// Runs a command of postern to its end, with this typed into its standard input.
    ///
    /// # Panics
    /// When it does not end.
    pub async fn postern_with_input(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = tokio::process::Command::from(postern(&self.write_settings("command")));
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child =
            command.stderr(Stdio::piped()).kill_on_drop(true).spawn().expect("postern starts");
        let mut stdin = child.stdin.take().expect("its input is piped");
        // Should the command be gone, its status says so.
        let _ = stdin.write_all(input.as_bytes()).await;
        drop(stdin);
        within("the command's end", SOON * 3, child.wait_with_output()).await.expect("it ends")
    }

    /// A command of postern that goes on by itself, as `["tail", "--output", "json"]`.
    pub fn postern_in_background(&self, name: &str, arguments: &[&str]) -> Process {
        let mut command = postern(&self.write_settings(name));
        Process::start(name, self.directory.path(), command.args(arguments))
    }

    /// `postern iq activate` with a PIN that is known beforehand.
    ///
    /// # Panics
    /// When it fails.
    pub async fn activate_with(&self, config: &Path, (integration, iq): (&str, &str), pin: &Path) {
        let mut command = postern(config);
        command
            .args(["iq", "activate", "--integration", integration, "--iq", iq])
            .arg("--pin-file");
        command.arg(pin).stdin(Stdio::null());
        let mut command = tokio::process::Command::from(command);
        let output = within("the activation's end", SOON * 2, command.kill_on_drop(true).output());
        let output = output.await.expect("postern starts");
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "postern iq activate: {}\n{words}", output.status);
    }

    /// `postern iq activate`, the PIN typed as it comes by mail.
    ///
    /// # Panics
    /// When it fails.
    pub async fn activate(&self, iq: &str) {
        let mut command = postern(&self.write_settings("activate"));
        command.args(["iq", "activate", "--integration", crate::inbound::INTEGRATION, "--iq", iq]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut command = tokio::process::Command::from(command);
        let mut child = command.kill_on_drop(true).spawn().expect("postern starts");
        let mut input = child.stdin.take().expect("its input is piped");
        let typed = async {
            let pin = self.simulator.mailed_pin(iq).await;
            // Should the command be gone, its status says so below.
            let _ = input.write_all(format!("{pin}\n").as_bytes()).await;
        };
        let mut output = pin!(within("the activation's end", SOON * 2, child.wait_with_output()));
        let output = tokio::select! {
            early = &mut output => early,
            () = typed => output.await,
        };
        let output = output.expect("the command ends");
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "postern iq activate: {}\n{words}", output.status);
    }

    /// Everything that postern keeps in Redis for this test.
    pub async fn stored(&self) -> Vec<(String, Vec<u8>)> {
        redis::contents(&self.redis_url, &self.key_prefix).await
    }

    /// The Redis that it is in.
    pub fn redis_url(&self) -> &str {
        &self.redis_url
    }

    /// What every key of this test begins with.
    pub fn key_prefix(&self) -> &str {
        &self.key_prefix
    }

    /// Where logs and configuration files are.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Writes the settings as they stand to the file of the worker or command of that name.
    pub fn write_settings(&self, name: &str) -> PathBuf {
        let path = self.directory.path().join(format!("{name}.toml"));
        std::fs::write(&path, self.settings.to_toml()).expect("the configuration is written");
        path
    }
}
