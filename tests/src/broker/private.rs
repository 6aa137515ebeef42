//! A RabbitMQ node of the test's own, to kill, freeze and restart.

use super::Vhost;
use crate::deadline::until_true;
use crate::ports::free_port;
use crate::processes::Process;
use crate::services;
use nix::sys::signal::Signal;
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

/// Six seconds when the machine is idle.
const START: Duration = Duration::from_secs(90);
const STOP: Duration = Duration::from_secs(60);

/// One node. Restarted it has the same ports and data.
#[derive(Debug)]
pub struct PrivateBroker {
    // Ended before its directory goes.
    node: Option<Process>,
    directory: TempDir,
    /// AMQP, management, distribution, epmd.
    ports: [u16; 4],
}

impl PrivateBroker {
    /// Starts a fresh node and waits until it serves.
    pub async fn start() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut broker =
            Self { node: None, directory, ports: std::array::from_fn(|_| free_port()) };
        broker.restart().await;
        broker
    }

    /// A fresh virtual host on it. It must be dropped while the node runs, or goes with the node.
    pub async fn vhost(&self) -> Vhost {
        Vhost::on(&self.url(), &self.management_url()).await
    }

    /// The AMQP address of the default virtual host.
    pub fn url(&self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.ports[0])
    }

    fn management_url(&self) -> String {
        format!("http://guest:guest@127.0.0.1:{}", self.ports[1])
    }

    /// SIGKILL to all of it: what is not on the disk is lost.
    pub async fn kill(&mut self) {
        if let Some(node) = self.node.take() {
            node.kill().await;
        }
    }

    /// Stops it in order.
    pub async fn stop(&mut self) {
        if let Some(node) = self.node.take() {
            node.signal(Signal::SIGTERM);
            node.ended(STOP).await;
        }
    }

    /// Frozen, every connection stays open and nothing answers.
    pub fn freeze(&self) {
        self.signal(Signal::SIGSTOP);
    }

    /// After [`Self::freeze`].
    pub fn thaw(&self) {
        self.signal(Signal::SIGCONT);
    }

    /// Starts it again after [`Self::kill`] or [`Self::stop`], and waits until it serves.
    pub async fn restart(&mut self) {
        assert!(self.node.is_none(), "it runs");
        let mut command = Command::new(services::rabbitmq_node());
        command.arg(self.directory.path()).args(self.ports.map(|port| port.to_string()));
        let node = Process::start("rabbitmq", self.directory.path(), &mut command);
        until_true("RabbitMQ to serve", START, || async {
            assert!(node.status().is_none(), "RabbitMQ ended:\n{}", node.log());
            self.serves().await
        })
        .await;
        self.node = Some(node);
    }

    fn signal(&self, signal: Signal) {
        self.node.as_ref().expect("it runs").signal(signal);
    }

    async fn serves(&self) -> bool {
        let management = crate::http::client().get(self.management_url()).send();
        super::bus::connection(&self.url()).await.is_ok() && management.await.is_ok()
    }
}
