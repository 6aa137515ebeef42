//! A RabbitMQ node of the test's own, to kill, freeze and restart.

use super::Vhost;
use super::node::Node;
use nix::sys::signal::Signal;
use tempfile::TempDir;

/// One node. After a restart it has the same ports and data.
#[derive(Debug)]
pub struct PrivateBroker {
    // Dropped before its directory.
    node: Node,
    _directory: TempDir,
}

impl PrivateBroker {
    /// Starts a new node and waits until it answers.
    pub async fn start() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut broker = Self { node: Node::single(directory.path()), _directory: directory };
        broker.restart().await;
        broker
    }

    /// A new virtual host on it.
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

    /// Sends SIGKILL to all its processes: data that is not on the disk is lost.
    pub async fn kill(&mut self) {
        self.node.kill().await;
    }

    /// Stops it in order.
    pub async fn stop(&mut self) {
        self.node.stop().await;
    }

    /// Stops it with SIGSTOP: every connection stays open, and it does not answer.
    pub fn freeze(&self) {
        self.node.signal(Signal::SIGSTOP);
    }

    /// Continues it after [`Self::freeze`].
    pub fn resume(&self) {
        self.node.signal(Signal::SIGCONT);
    }

    /// Raises its memory alarm: from now on, it blocks publishers.
    pub async fn raise_alarm(&self) {
        self.node.control(&["set_vm_memory_high_watermark", "0.00001"]).await;
    }

    /// Ends its memory alarm.
    pub async fn clear_alarm(&self) {
        self.node.control(&["set_vm_memory_high_watermark", "0.4"]).await;
    }

    /// Starts it again after [`Self::kill`] or [`Self::stop`], and waits until it answers.
    pub async fn restart(&mut self) {
        self.node.start().await;
    }
}
