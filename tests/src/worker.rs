//! `postern` as a process: workers that run, and commands that end.

use crate::deadline::{SOON, until_true};
use crate::http;
use crate::ports::free_port;
use crate::processes::{Cost, Process};
use crate::services;
use nix::sys::signal::Signal;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::time::Duration;

/// A worker to be started.
#[derive(Debug)]
pub struct WorkerCommand {
    command: Command,
    name: String,
    directory: std::path::PathBuf,
    listen: String,
}

impl WorkerCommand {
    pub(crate) fn new(name: &str, directory: &Path, config: &Path) -> Self {
        let listen = format!("127.0.0.1:{}", free_port());
        let mut command = postern(config);
        command.env("POSTERN__HTTP__LISTEN", &listen).args(["--log-format", "json", "worker"]);
        Self { command, name: name.to_owned(), directory: directory.to_owned(), listen }
    }

    /// One more environment variable, as `POSTERN__BROKER__PREFETCH`.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// It ends itself with SIGKILL where it first reaches this point.
    #[must_use]
    pub fn failpoint(self, name: &str) -> Self {
        self.env("POSTERN_FAILPOINT", name)
    }

    /// Starts it and waits until it is ready.
    ///
    /// # Panics
    /// When it ends, or is not ready in time.
    pub async fn start(self) -> Worker {
        let worker = self.spawn();
        worker.ready(SOON).await;
        worker
    }

    /// Starts it and does not wait: it may well end at a failpoint before it is ready.
    pub fn spawn(mut self) -> Worker {
        let process = Process::start(&self.name, &self.directory, &mut self.command);
        Worker { process, url: format!("http://{}", self.listen) }
    }
}

/// A worker that runs, or ran.
#[derive(Debug)]
pub struct Worker {
    process: Process,
    url: String,
}

impl Worker {
    /// Waits until `/readyz` says 200.
    ///
    /// # Panics
    /// When `limit` is over, or the worker ends.
    pub async fn ready(&self, limit: Duration) {
        until_true("the worker to be ready", limit, || async {
            let ended = self.process.status();
            assert!(ended.is_none(), "the worker ended with {ended:?}:\n{}", self.log());
            self.status_of("/readyz").await == Some(200)
        })
        .await;
    }

    /// Waits until `/readyz` says 503.
    ///
    /// # Panics
    /// When `limit` is over.
    pub async fn unready(&self, limit: Duration) {
        until_true("the worker to be unready", limit, || async {
            self.status_of("/readyz").await == Some(503)
        })
        .await;
    }

    /// The status of `/livez`, `/readyz` or `/metrics`; `None` where nobody answers.
    pub async fn status_of(&self, path: &str) -> Option<u16> {
        let answer = http::client().get(format!("{}{path}", self.url)).send().await;
        answer.ok().map(|answer| answer.status().as_u16())
    }

    /// All of `/metrics`.
    pub async fn metrics(&self) -> String {
        let answer = http::client().get(format!("{}/metrics", self.url)).send().await;
        answer.expect("the worker answers").text().await.expect("metrics are text")
    }

    /// SIGTERM, and how it ended.
    ///
    /// # Panics
    /// When it still runs after `limit`.
    pub async fn stop(&self, limit: Duration) -> ExitStatus {
        self.process.signal(Signal::SIGTERM);
        self.process.ended(limit).await
    }

    /// SIGKILL.
    pub async fn kill(&self) {
        self.process.kill().await;
    }

    /// Waits for an end that the worker brings about itself, as at a failpoint.
    ///
    /// # Panics
    /// When it still runs after `limit`.
    pub async fn ended(&self, limit: Duration) -> ExitStatus {
        self.process.ended(limit).await
    }

    /// Whether it still runs.
    pub fn runs(&self) -> bool {
        self.process.status().is_none()
    }

    /// SIGSTOP: alive and mute.
    pub fn freeze(&self) {
        self.process.signal(Signal::SIGSTOP);
    }

    /// SIGCONT.
    pub fn thaw(&self) {
        self.process.signal(Signal::SIGCONT);
    }

    /// Any other signal.
    pub fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    /// Processor time and memory used so far.
    pub fn cost(&self) -> Cost {
        self.process.cost()
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// All that it has written.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Waits for words in its log.
    ///
    /// # Panics
    /// When `limit` is over, or it ends first.
    pub async fn says(&self, words: &str, limit: Duration) {
        self.process.says(words, limit).await;
    }
}

/// The program with a configuration file, and nothing of its settings from this process's environment.
pub(crate) fn postern(config: &Path) -> Command {
    let mut command = Command::new(services::program("postern"));
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("POSTERN")) {
            command.env_remove(name);
        }
    }
    command.arg("--config").arg(config);
    command
}
