//! A RabbitMQ node of the test's own, to kill, freeze and restart.

use super::Vhost;
use super::node::Node;
use nix::sys::signal::Signal;
use tempfile::TempDir;

/// One node. Restarted it has the same ports and data.
#[derive(Debug)]
pub struct PrivateBroker {
    // Ended before its directory goes.
    node: Node,
    _directory: TempDir,
}

impl PrivateBroker {
    /// Starts a fresh node and waits until it serves.
    pub async fn start() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut broker = Self { node: Node::alone(directory.path()), _directory: directory };
        broker.restart().await;
        broker
    }

    /// A fresh virtual host on it. It must be dropped while the node runs, or goes with the node.
    pub async fn vhost(&self) -> Vhost {
        Vhost::on(&self.url(), &self.node.management_url()).await
    }

    /// The AMQP address of the default virtual host.
    pub fn url(&self) -> String {
        self.node.url()
    }

    /// The address of its management API, credentials included.
    pub fn management_url(&self) -> String {
        self.node.management_url()
    }

    /// SIGKILL to all of it: what is not on the disk is lost.
    pub async fn kill(&mut self) {
        self.node.kill().await;
    }

    /// Stops it in order.
    pub async fn stop(&mut self) {
        self.node.stop().await;
    }

    /// Frozen, every connection stays open and nothing answers.
    pub fn freeze(&self) {
        self.node.signal(Signal::SIGSTOP);
    }

    /// After [`Self::freeze`].
    pub fn thaw(&self) {
        self.node.signal(Signal::SIGCONT);
    }

    /// Starts it again after [`Self::kill`] or [`Self::stop`], and waits until it serves.
    pub async fn restart(&mut self) {
        self.node.start().await;
    }
}
