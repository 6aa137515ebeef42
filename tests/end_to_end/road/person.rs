//! Somebody with i-Reserve's checklist in hand, a configuration file to fill in, and a prompt.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use end_to_end::broker::Vhost;
use end_to_end::deadline::{SOON, until_true, within};
use end_to_end::ports::free_port;
use end_to_end::processes::{Process, Terminal};
use end_to_end::world::World;
use end_to_end::{http, services};
use serde_json::Value;
use std::process::{Command, Output, Stdio};
use tokio::io::AsyncWriteExt;

/// The person, at a machine with a broker, a Redis and a way to Salto.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) world: World,
    /// The configuration file's text.
    file: String,
    secrets_key: String,
    listen: String,
}

/// What a command came to.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) status: Option<i32>,
    /// Standard output.
    pub(super) out: String,
    /// Standard error.
    pub(super) words: String,
}

impl Said {
    fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("it is UTF-8");
        Self { status: output.status.code(), out: text(output.stdout), words: text(output.stderr) }
    }

    /// It is done, and this is all it says; lines are compared without the spaces around them.
    #[track_caller]
    pub(super) fn done(&self, out: &str) {
        assert_eq!((self.status, plain(&self.out)), (Some(0), plain(out)), "{self:?}");
    }

    /// It ends with this status, prints nothing, and this is all it says.
    #[track_caller]
    pub(super) fn fails(&self, status: i32, words: &str) {
        assert_eq!((self.status, self.out.as_str()), (Some(status), ""), "{self:?}");
        assert_eq!(plain(&self.words), plain(words));
    }

    /// Among what it prints is this line, or these.
    #[track_caller]
    pub(super) fn shows(&self, lines: &str) -> &Self {
        assert!(plain(&self.out).contains(&plain(lines)), "{lines}\nin {self:?}");
        self
    }

    /// The first cell of the row that has this word in it.
    #[track_caller]
    pub(super) fn id_beside(&self, word: &str) -> String {
        let row = self.out.lines().find(|row| row.split_whitespace().any(|cell| cell == word));
        let row = row.unwrap_or_else(|| panic!("{word} in {self:?}"));
        row.split_whitespace().next().expect("a row has cells").to_owned()
    }

    /// The command in backticks that it says to type, without the program's name.
    #[track_caller]
    pub(super) fn advice(&self) -> String {
        let (_, said) = self.out.split_once("`postern ").unwrap_or_else(|| panic!("{self:?}"));
        said.split_once('`').expect("the command ends").0.to_owned()
    }
}

/// Without what differs from run to run, and spaces that are for the eye.
fn plain(text: &str) -> String {
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = text.trim().lines().map(words).collect::<Vec<_>>().join("\n");
    ["no call is sent for ", "a pause of another "].iter().fold(text, |text, before| {
        let mut parts = text.split(before);
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |text, part| {
            let rest = part.trim_start_matches(|it: char| it.is_ascii_digit() || it == '…');
            format!("{text}{before}…{rest}")
        })
    })
}

impl Person {
    /// A new machine, and the checklist's first page in the file: environment, account, Site UID, "lock may open from
    /// status", "time before", check-in status, field for the open time. No locks: nobody knows their ids yet.
    pub(super) async fn with_a_password() -> Self {
        let world = World::over(Vhost::new().await, services::redis_url()).await;
        let account = "username = \"system-user@acme.example\"\npassword = \"demo-password\"";
        Self::at(world, account)
    }

    /// The same, with another way to sign in.
    pub(super) fn at(world: World, account: &str) -> Self {
        let listen = format!("127.0.0.1:{}", free_port());
        let (broker, redis, prefix) = (world.vhost.url(), world.redis_url(), world.key_prefix());
        let salto = world.simulator.url();
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
        let person = Self { world, file, secrets_key: key(), listen };
        person.saves();
        person
    }

    /// Replaces what stands in the file by something else.
    pub(super) fn changes(&mut self, from: &str, to: &str) {
        assert!(self.file.contains(from), "{from} in {}", self.file);
        self.file = self.file.replace(from, to);
        self.saves();
    }

    /// Writes on at the file's end, which is in the integration.
    pub(super) fn adds(&mut self, lines: &str) {
        self.file.push_str(lines);
        self.file.push('\n');
        self.saves();
    }

    /// Loses the key, and makes another.
    pub(super) fn makes_another_key(&mut self) {
        self.secrets_key = key();
    }

    fn saves(&self) {
        std::fs::write(self.world.directory().join("postern.toml"), &self.file)
            .expect("it is written");
    }

    /// `postern` and what comes after it, in the directory with the file.
    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(services::program("postern"));
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("POSTERN")) {
                command.env_remove(name);
            }
        }
        command.current_dir(self.world.directory()).env("POSTERN_SECRETS_KEY", &self.secrets_key);
        // Log lines as at a terminal, which is none here.
        command.args(["--config", "postern.toml", "--log-format", "human"]);
        command.args(line.split_whitespace());
        command
    }

    /// Types `postern` and this, and waits for its end.
    pub(super) async fn types(&self, line: &str) -> Said {
        self.types_and_enters(line, "").await
    }

    /// The same, with this on standard input.
    pub(super) async fn types_and_enters(&self, line: &str, input: &str) -> Said {
        let mut child = self.spawn(line);
        let mut stdin = child.stdin.take().expect("its input is piped");
        // Should the command be gone, its status says so.
        let _ = stdin.write_all(input.as_bytes()).await;
        drop(stdin);
        Said::of(
            within("the command's end", SOON * 3, child.wait_with_output()).await.expect("it ends"),
        )
    }

    /// Types an `iq activate`, waits for the mail, and enters its PIN.
    pub(super) async fn types_and_enters_the_mailed_pin(&self, line: &str, iq: &str) -> Said {
        let mut child = self.spawn(line);
        let mut stdin = child.stdin.take().expect("its input is piped");
        let pin = self.world.simulator.mailed_pin(iq).await;
        let _ = stdin.write_all(format!("{pin}\n").as_bytes()).await;
        drop(stdin);
        Said::of(
            within("the command's end", SOON * 3, child.wait_with_output()).await.expect("it ends"),
        )
    }

    fn spawn(&self, line: &str) -> tokio::process::Child {
        let mut command = tokio::process::Command::from(self.command(line));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.kill_on_drop(true).spawn().expect("postern starts")
    }

    /// Types it at a terminal, and stays there.
    pub(super) fn sits_at(&self, line: &str) -> Terminal {
        Terminal::start(&self.command(line))
    }

    /// Types it in another window, where it goes on by itself.
    pub(super) fn opens_a_window(&self, name: &str, line: &str) -> Process {
        Process::start(name, self.world.directory(), &mut self.command(line))
    }

    /// `postern worker` in another window, ready.
    pub(super) async fn starts_a_worker(&self) -> Process {
        let worker = self.opens_a_window("worker", "worker");
        let ready = format!("http://{}/readyz", self.listen);
        until_true("the worker to be ready", SOON, || async {
            assert!(worker.status().is_none(), "it ended:\n{}", worker.log());
            http::client().get(&ready).send().await.is_ok_and(|answer| answer.status().is_success())
        })
        .await;
        worker
    }

    /// Changes something at Salto: `change("iqs/…", …)`.
    pub(super) async fn at_salto(&self, path: &str, change: Value) {
        self.world.simulator.control(reqwest::Method::PATCH, path, Some(change)).await;
    }
}

fn key() -> String {
    BASE64_STANDARD.encode(rand::random::<[u8; 32]>())
}
