//! An operator with i-Reserve's checklist, a configuration file and a shell.

use super::command_output::CommandOutput;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use end_to_end::broker::Vhost;
use end_to_end::deadline::{SOON, until_true, within};
use end_to_end::ports::free_port;
use end_to_end::processes::{Process, Terminal};
use end_to_end::setup::Setup;
use end_to_end::{http, services};
use serde_json::Value;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use tokio::io::AsyncWriteExt;

/// The operator's machine, with a broker, a Redis and a connection to Salto.
#[derive(Debug)]
pub(super) struct OperatorFixture {
    pub(super) setup: Setup,
    /// The text of the configuration file.
    file: String,
    secrets_key: String,
    listen: String,
}

impl OperatorFixture {
    /// A new machine, with the first page of the checklist in the configuration file: environment, account, Site UID,
    /// "lock may open from status", "time before", check-in status, field for the open time. There are no locks,
    /// because their ids are not known yet.
    pub(super) async fn with_password() -> Self {
        let setup = Setup::over(Vhost::new().await, services::redis_url()).await;
        let account = "username = \"system-user@acme.example\"\npassword = \"demo-password\"";
        Self::at(setup, account)
    }

    /// The same with other settings for the sign-in.
    pub(super) fn at(setup: Setup, account: &str) -> Self {
        let listen = format!("127.0.0.1:{}", free_port());
        let (broker, redis, prefix) = (setup.vhost.url(), setup.redis_url(), setup.key_prefix());
        let salto = setup.simulator.url();
        let file = format!(
            r#"
[broker]
url = "{broker}"

[redis]
url = "{redis}"
key_prefix = "{prefix}"

[secrets]
key = {{ env = "POSTERN_SECRETS_KEY" }}

[http]
listen = "{listen}"

[salto.environments.acceptance]
identity_url = "{salto}"
api_url = "{salto}"
client_id = "postern-demo"
client_secret = "demo-client-secret"

[[integrations]]
id = "acme-utrecht"
environment = "acceptance"
site_uid = "NL6254340082"
{account}
open_from_statuses = ["confirmed", "paid"]
minutes_before = 15
check_in_status = "checked_in"
record_opened_at_in = "salto_opened_at"
"#
        );
        let fixture = Self { setup, file, secrets_key: key(), listen };
        fixture.write_config();
        fixture
    }

    /// Replaces a text in the configuration file.
    pub(super) fn replace_in_config(&mut self, from: &str, to: &str) {
        assert!(self.file.contains(from), "{from} in {}", self.file);
        self.file = self.file.replace(from, to);
        self.write_config();
    }

    /// Appends lines to the configuration file; its end is in the integration.
    pub(super) fn append_to_config(&mut self, lines: &str) {
        self.file.push_str(lines);
        self.file.push('\n');
        self.write_config();
    }

    /// Replaces `secrets.key` by another key.
    pub(super) fn change_secrets_key(&mut self) {
        self.secrets_key = key();
    }

    fn write_config(&self) {
        let path = self.setup.directory().join("postern.toml");
        std::fs::write(&path, &self.file).expect("it is written");
        // It contains secrets.
        let closed = Permissions::from_mode(0o600);
        std::fs::set_permissions(&path, closed).expect("its mode is set");
    }

    /// `postern` with these arguments, in the directory of the configuration file.
    pub(super) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(services::program("postern"));
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("POSTERN")) {
                command.env_remove(name);
            }
        }
        command.current_dir(self.setup.directory()).env("POSTERN_SECRETS_KEY", &self.secrets_key);
        // Log lines in the format for terminals.
        command.args(["--config", "postern.toml", "--log-format", "human"]);
        command.args(line.split_whitespace());
        command
    }

    /// Runs `postern` with these arguments and waits for its end.
    pub(super) async fn run(&self, line: &str) -> CommandOutput {
        self.run_with_input(line, "").await
    }

    /// The same with this text on standard input.
    pub(super) async fn run_with_input(&self, line: &str, input: &str) -> CommandOutput {
        let mut child = self.spawn(line);
        let mut stdin = child.stdin.take().expect("its input is piped");
        // If the command has ended, its status shows it.
        let _ = stdin.write_all(input.as_bytes()).await;
        drop(stdin);
        CommandOutput::of(
            within("the command's end", SOON * 3, child.wait_with_output()).await.expect("it ends"),
        )
    }

    /// Runs `iq activate`, waits for the mail, and enters its PIN.
    pub(super) async fn run_with_mailed_pin(&self, line: &str, iq: &str) -> CommandOutput {
        let mut child = self.spawn(line);
        let mut stdin = child.stdin.take().expect("its input is piped");
        let pin = self.setup.simulator.mailed_pin(iq).await;
        let _ = stdin.write_all(format!("{pin}\n").as_bytes()).await;
        drop(stdin);
        CommandOutput::of(
            within("the command's end", SOON * 3, child.wait_with_output()).await.expect("it ends"),
        )
    }

    fn spawn(&self, line: &str) -> tokio::process::Child {
        let mut command = tokio::process::Command::from(self.command(line));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.kill_on_drop(true).spawn().expect("postern starts")
    }

    /// Starts the command at a terminal.
    pub(super) fn run_at_terminal(&self, line: &str) -> Terminal {
        Terminal::start(&self.command(line))
    }

    /// Starts the command in the background.
    pub(super) fn start_in_background(&self, name: &str, line: &str) -> Process {
        Process::start(name, self.setup.directory(), &mut self.command(line))
    }

    /// Starts `postern worker` in the background and waits until it is ready.
    pub(super) async fn start_worker(&self) -> Process {
        let worker = self.start_in_background("worker", "worker");
        let ready = format!("http://{}/readyz", self.listen);
        until_true("the worker to be ready", SOON, || async {
            assert!(worker.status().is_none(), "it ended:\n{}", worker.log());
            http::client().get(&ready).send().await.is_ok_and(|answer| answer.status().is_success())
        })
        .await;
        worker
    }

    /// Changes something at Salto, as `change_at_salto("iqs/…", …)`.
    pub(super) async fn change_at_salto(&self, path: &str, change: Value) {
        self.setup.simulator.control(reqwest::Method::PATCH, path, Some(change)).await;
    }
}

fn key() -> String {
    BASE64_STANDARD.encode(rand::random::<[u8; 32]>())
}
