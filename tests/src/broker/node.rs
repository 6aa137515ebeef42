//! One RabbitMQ node as a process: alone, or with others in a cluster.

use crate::deadline::{until_true, within};
use crate::ports::free_port;
use crate::processes::Process;
use crate::services;
use nix::sys::signal::Signal;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// A node starts in six seconds on an idle machine; three at once need twenty.
const START: Duration = Duration::from_secs(120);
/// The last log line of the start of a node.
const COMPLETE: &str = "Starting broker... completed with";
const ANSWER: Duration = Duration::from_secs(5);
const STOP: Duration = Duration::from_secs(60);
/// rabbitmqctl starts a virtual machine of its own.
const CONTROL: Duration = Duration::from_secs(60);

/// A node. After a restart it has the same ports and data.
#[derive(Debug)]
pub(super) struct Node {
    process: Option<Process>,
    directory: PathBuf,
    amqp: u16,
    management: u16,
    distribution: u16,
    epmd: u16,
    /// The AMQP ports of all nodes of its cluster; empty for a single node.
    cluster: Vec<u16>,
}

impl Node {
    /// A single node with its data in this directory; not started yet.
    pub(super) fn single(directory: &Path) -> Self {
        Self::with(directory.to_owned(), free_port(), free_port(), Vec::new())
    }

    /// The nodes of a cluster with one epmd, each with a directory of its own below this one; not started yet.
    pub(super) fn clustered<const N: usize>(directory: &Path, epmd: u16) -> [Self; N] {
        let ports: [u16; N] = std::array::from_fn(|_| free_port());
        ports.map(|amqp| Self::with(directory.join(amqp.to_string()), amqp, epmd, ports.to_vec()))
    }

    fn with(directory: PathBuf, amqp: u16, epmd: u16, cluster: Vec<u16>) -> Self {
        let (management, distribution) = (free_port(), free_port());
        Self { process: None, directory, amqp, management, distribution, epmd, cluster }
    }

    /// Its Erlang node name.
    pub(super) fn name(&self) -> String {
        format!("postern-{}@localhost", self.amqp)
    }

    /// Its AMQP port.
    pub(super) fn port(&self) -> u16 {
        self.amqp
    }

    /// The AMQP address of the default virtual host.
    pub(super) fn url(&self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.amqp)
    }

    pub(super) fn management_url(&self) -> String {
        format!("http://guest:guest@127.0.0.1:{}", self.management)
    }

    /// Starts it and waits until it answers.
    pub(super) async fn start(&mut self) {
        assert!(self.process.is_none(), "it runs");
        std::fs::create_dir_all(&self.directory).expect("the node's directory");
        let mut command = Command::new(services::rabbitmq_node());
        command.arg(&self.directory);
        let own = [self.amqp, self.management, self.distribution, self.epmd];
        command.args(own.iter().chain(&self.cluster).map(ToString::to_string));
        let process = Process::start("rabbitmq", &self.directory, &mut command);
        until_true("RabbitMQ to serve", START, || async {
            assert!(process.status().is_none(), "RabbitMQ ended:\n{}", process.log());
            // A virtual host that is created on another node before that is never created on this one.
            process.log().contains(COMPLETE) && self.serves().await
        })
        .await;
        self.process = Some(process);
    }

    /// Sends SIGKILL to all its processes: data that is not on the disk is lost.
    pub(super) async fn kill(&mut self) {
        if let Some(process) = self.process.take() {
            process.kill().await;
        }
    }

    /// Stops it in order.
    pub(super) async fn stop(&mut self) {
        if let Some(process) = self.process.take() {
            process.signal(Signal::SIGTERM);
            process.ended(STOP).await;
        }
    }

    pub(super) fn signal(&self, signal: Signal) {
        self.process.as_ref().expect("it runs").signal(signal);
    }

    /// Runs rabbitmqctl against a single node.
    pub(super) async fn control(&self, arguments: &[&str]) {
        let mut command = tokio::process::Command::new(services::rabbitmq_node());
        command.arg("ctl").arg(&self.directory);
        command.args([self.amqp, self.epmd].map(|port| port.to_string())).args(arguments);
        let output = command.stdin(Stdio::null()).kill_on_drop(true).output();
        let output = within("rabbitmqctl", CONTROL, output).await.expect("rabbitmqctl starts");
        assert!(output.status.success(), "rabbitmqctl {arguments:?}: {output:?}");
    }

    async fn serves(&self) -> bool {
        // A connection attempt to a starting node may never end.
        let url = self.url();
        let amqp = tokio::time::timeout(ANSWER, super::connection::connection(&url));
        let management = crate::http::client().get(self.management_url()).send();
        matches!(amqp.await, Ok(Ok(_))) && management.await.is_ok()
    }
}
