//! `postern` as a process: workers and commands.

use crate::deadline::{SOON, until_true};
use crate::http;
use crate::ports::free_port;
use crate::processes::{Process, ResourceUsage};
use crate::services;
use nix::sys::signal::Signal;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

/// A worker that is to be started.
#[derive(Debug)]
pub struct WorkerCommand {
    command: Command,
    name: String,
    directory: PathBuf,
    listen: String,
    failpoint: PathBuf,
    output: Option<Stdio>,
}

impl WorkerCommand {
    pub(crate) fn new(name: &str, directory: &Path, config: &Path) -> Self {
        let listen = format!("127.0.0.1:{}", free_port());
        let failpoint = directory.join(format!("{name}.failpoint"));
        let mut command = postern(config);
        command.env("POSTERN__HTTP__LISTEN", &listen).env("POSTERN_FAILPOINT", &failpoint);
        command.args(["--log-format", "json", "worker"]);
        let (name, directory) = (name.to_owned(), directory.to_owned());
        Self { command, name, directory, listen, failpoint, output: None }
    }

    /// It has this address for health and metrics, for a worker that is started again and again at the same one.
    #[must_use]
    pub fn listen(mut self, address: &str) -> Self {
        self.command.env("POSTERN__HTTP__LISTEN", address);
        address.clone_into(&mut self.listen);
        self
    }

    /// Sets another environment variable, as `POSTERN__BROKER__PREFETCH`.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// It is this program, another build of `postern`.
    #[must_use]
    pub fn program(mut self, program: &Path) -> Self {
        let mut other = Command::new(program);
        other.args(self.command.get_args());
        for (name, value) in self.command.get_envs() {
            match value {
                Some(value) => other.env(name, value),
                None => other.env_remove(name),
            };
        }
        self.command = other;
        self
    }

    /// It ends itself with SIGKILL at its first arrival at this point.
    #[must_use]
    pub fn failpoint(self, name: &str) -> Self {
        order(&self.failpoint, "kill", name);
        self
    }

    /// Its standard output goes there, and not to its log.
    #[must_use]
    pub fn standard_output(mut self, output: Stdio) -> Self {
        self.output = Some(output);
        self
    }

    /// It may have this number of files and connections open.
    #[must_use]
    pub fn descriptors(mut self, most: u32) -> Self {
        let mut limited = Command::new("sh");
        limited.arg("-c").arg(format!("ulimit -n {most} && exec \"$0\" \"$@\""));
        limited.arg(self.command.get_program()).args(self.command.get_args());
        for (name, value) in self.command.get_envs() {
            match value {
                Some(value) => limited.env(name, value),
                None => limited.env_remove(name),
            };
        }
        self.command = limited;
        self
    }

    /// Starts it and waits until it is ready.
    ///
    /// # Panics
    /// If it ends, or is not ready in time.
    pub async fn start(self) -> Worker {
        let worker = self.spawn();
        worker.ready(SOON).await;
        worker
    }

    /// Starts it without waiting: it may end at a failpoint before it is ready.
    pub fn spawn(mut self) -> Worker {
        let (name, directory, command) = (&self.name, &self.directory, &mut self.command);
        let process = match self.output {
            Some(output) => Process::start_with_output(name, directory, command, output),
            None => Process::start(name, directory, command),
        };
        Worker { process, url: format!("http://{}", self.listen), failpoint: self.failpoint }
    }
}

/// A worker that has been started.
#[derive(Debug)]
pub struct Worker {
    process: Process,
    url: String,
    failpoint: PathBuf,
}

impl Worker {
    /// From now on, it ends itself with SIGKILL at its first arrival at this point.
    pub fn kill_at(&self, point: &str) {
        order(&self.failpoint, "kill", point);
    }

    /// From now on, it stops itself with SIGSTOP at its first arrival at this point.
    pub fn freeze_at(&self, point: &str) {
        order(&self.failpoint, "freeze", point);
    }

    /// Waits until SIGSTOP has stopped it, as at a failpoint.
    ///
    /// # Panics
    /// If `limit` is over, or it ends.
    pub async fn frozen(&self, limit: Duration) {
        let stat = format!("/proc/{}/stat", self.pid());
        until_true("the worker to be stopped", limit, || async {
            let stat = std::fs::read_to_string(&stat).expect("it has not ended");
            stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('T'))
        })
        .await;
    }

    /// Waits until `/readyz` answers with 200.
    ///
    /// # Panics
    /// If `limit` is over, or the worker ends.
    pub async fn ready(&self, limit: Duration) {
        until_true("the worker to be ready", limit, || async {
            let ended = self.process.status();
            assert!(ended.is_none(), "the worker ended with {ended:?}:\n{}", self.log());
            self.status_of("/readyz").await == Some(200)
        })
        .await;
    }

    /// Waits until `/readyz` answers with 503.
    ///
    /// # Panics
    /// If `limit` is over.
    pub async fn unready(&self, limit: Duration) {
        until_true("the worker to be unready", limit, || async {
            self.status_of("/readyz").await == Some(503)
        })
        .await;
    }

    /// The HTTP status of `/livez`, `/readyz` or `/metrics`; `None` without an answer.
    pub async fn status_of(&self, path: &str) -> Option<u16> {
        let answer = http::client().get(format!("{}{path}", self.url)).send().await;
        answer.ok().map(|answer| answer.status().as_u16())
    }

    /// The content of `/readyz`.
    pub async fn readiness(&self) -> serde_json::Value {
        let answer = http::client().get(format!("{}/readyz", self.url)).send().await;
        answer.expect("the worker answers").json().await.expect("readiness is JSON")
    }

    /// The content of `/metrics`.
    pub async fn metrics(&self) -> String {
        let answer = http::client().get(format!("{}/metrics", self.url)).send().await;
        answer.expect("the worker answers").text().await.expect("metrics are text")
    }

    /// The value of a series, which is written as `/metrics` has it; none where there is no such series.
    pub async fn metric(&self, series: &str) -> Option<f64> {
        let metrics = self.metrics().await;
        metrics.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
    }

    /// Waits until a series has at least this value.
    ///
    /// # Panics
    /// If `limit` is over.
    pub async fn wait_for_metric(&self, series: &str, least: f64, limit: Duration) {
        until_true(&format!("{series} to be {least} at least"), limit, || async {
            self.metric(series).await.is_some_and(|value| value >= least)
        })
        .await;
    }

    /// The number of messages of a queue (`open-requests`, `booking-status`) that it has acknowledged.
    pub async fn settled(&self, queue: &str) -> u64 {
        let of_queue = format!("postern_messages_settled_total{{queue=\"{queue}\"");
        let metrics = self.metrics().await;
        let counts = metrics.lines().filter(|line| line.starts_with(&of_queue));
        counts.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
    }

    /// Waits until it has acknowledged at least this number of messages of a queue.
    ///
    /// # Panics
    /// If `limit` is over.
    pub async fn wait_until_settled(&self, queue: &str, count: u64, limit: Duration) {
        until_true(&format!("{count} settled messages of {queue}"), limit, || async {
            self.settled(queue).await >= count
        })
        .await;
    }

    /// Waits until it has no unacknowledged message of any queue.
    ///
    /// # Panics
    /// If `limit` is over.
    pub async fn idle(&self, limit: Duration) {
        until_true("the worker to be idle", limit, || async {
            let metrics = self.metrics().await;
            let counts =
                metrics.lines().filter(|line| line.starts_with("postern_messages_in_flight"));
            counts.into_iter().all(|line| line.ends_with(" 0"))
        })
        .await;
    }

    /// Stops it with SIGTERM; its exit status.
    ///
    /// # Panics
    /// If it still runs after `limit`.
    pub async fn stop(&self, limit: Duration) -> ExitStatus {
        self.process.signal(Signal::SIGTERM);
        self.process.ended(limit).await
    }

    /// Sends SIGKILL.
    pub async fn kill(&self) {
        self.process.kill().await;
    }

    /// Waits until the worker ends by itself, as at a failpoint.
    ///
    /// # Panics
    /// If it still runs after `limit`.
    pub async fn ended(&self, limit: Duration) -> ExitStatus {
        self.process.ended(limit).await
    }

    /// Whether it still runs.
    pub fn is_running(&self) -> bool {
        self.process.status().is_none()
    }

    /// Sends SIGSTOP: it lives and does not answer.
    pub fn freeze(&self) {
        self.process.signal(Signal::SIGSTOP);
    }

    /// Sends SIGCONT.
    pub fn resume(&self) {
        self.process.signal(Signal::SIGCONT);
    }

    /// Sends another signal.
    pub fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    /// The processor time and memory that it has used so far.
    pub fn usage(&self) -> ResourceUsage {
        self.process.usage()
    }

    /// The address of its port for health and metrics.
    pub fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Its whole output so far.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Waits until its log contains the text.
    ///
    /// # Panics
    /// If `limit` is over, or it ends first.
    pub async fn wait_for_log(&self, text: &str, limit: Duration) {
        self.process.wait_for_log(text, limit).await;
    }
}

/// Writes what a worker does at a failpoint; atomically, so that it never reads half of it.
fn order(file: &Path, what: &str, point: &str) {
    let whole = file.with_extension("order");
    std::fs::write(&whole, format!("{what} {point}")).expect("the order is written");
    std::fs::rename(whole, file).expect("the order is given");
}

/// The program with a configuration file, without the settings in this process's environment.
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
