//! `postern` as a process: workers that run, and commands that end.

use crate::deadline::{SOON, until_true};
use crate::http;
use crate::ports::free_port;
use crate::processes::{Cost, Process};
use crate::services;
use nix::sys::signal::Signal;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

/// A worker to be started.
#[derive(Debug)]
pub struct WorkerCommand {
    command: Command,
    name: String,
    directory: PathBuf,
    listen: String,
    failpoint: PathBuf,
}

impl WorkerCommand {
    pub(crate) fn new(name: &str, directory: &Path, config: &Path) -> Self {
        let listen = format!("127.0.0.1:{}", free_port());
        let failpoint = directory.join(format!("{name}.failpoint"));
        let mut command = postern(config);
        command.env("POSTERN__HTTP__LISTEN", &listen).env("POSTERN_FAILPOINT", &failpoint);
        command.args(["--log-format", "json", "worker"]);
        let (name, directory) = (name.to_owned(), directory.to_owned());
        Self { command, name, directory, listen, failpoint }
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
        order(&self.failpoint, "kill", name);
        self
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
        Worker { process, url: format!("http://{}", self.listen), failpoint: self.failpoint }
    }
}

/// A worker that runs, or ran.
#[derive(Debug)]
pub struct Worker {
    process: Process,
    url: String,
    failpoint: PathBuf,
}

impl Worker {
    /// From now on, it ends itself with SIGKILL where it first reaches this point.
    pub fn kill_at(&self, point: &str) {
        order(&self.failpoint, "kill", point);
    }

    /// From now on, it stops itself with SIGSTOP where it first reaches this point.
    pub fn freeze_at(&self, point: &str) {
        order(&self.failpoint, "freeze", point);
    }

    /// Waits until it is stopped, as at a failpoint.
    ///
    /// # Panics
    /// When `limit` is over, or it ends.
    pub async fn frozen(&self, limit: Duration) {
        let stat = format!("/proc/{}/stat", self.pid());
        until_true("the worker to be stopped", limit, || async {
            let stat = std::fs::read_to_string(&stat).expect("it has not ended");
            stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('T'))
        })
        .await;
    }

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

    /// How many messages of a queue (`open-requests`, `booking-status`) it has acknowledged.
    pub async fn settled(&self, queue: &str) -> u64 {
        let of_queue = format!("postern_messages_settled_total{{queue=\"{queue}\"");
        let metrics = self.metrics().await;
        let counts = metrics.lines().filter(|line| line.starts_with(&of_queue));
        counts.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
    }

    /// Waits until it has acknowledged so many messages of a queue or more.
    ///
    /// # Panics
    /// When `limit` is over.
    pub async fn settles(&self, queue: &str, count: u64, limit: Duration) {
        until_true(&format!("{count} settled messages of {queue}"), limit, || async {
            self.settled(queue).await >= count
        })
        .await;
    }

    /// Waits until it holds no message, of whatever queue.
    ///
    /// # Panics
    /// When `limit` is over.
    pub async fn idle(&self, limit: Duration) {
        until_true("the worker to be idle", limit, || async {
            let metrics = self.metrics().await;
            let held =
                metrics.lines().filter(|line| line.starts_with("postern_messages_in_flight"));
            held.into_iter().all(|line| line.ends_with(" 0"))
        })
        .await;
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

/// Tells a worker what to do at a failpoint: all at once, so that it never reads half of it.
fn order(file: &Path, what: &str, point: &str) {
    let whole = file.with_extension("order");
    std::fs::write(&whole, format!("{what} {point}")).expect("the order is written");
    std::fs::rename(whole, file).expect("the order is given");
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
