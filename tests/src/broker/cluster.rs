//! Three RabbitMQ nodes of the test's own that replicate each other's queues.

use super::Vhost;
use super::balancer::Balancer;
use super::management::Management;
use super::node::Node;
use crate::deadline::until_true;
use crate::ports::free_port;
use crate::processes::Process;
use crate::services;
use futures_util::future::join_all;
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

const NODES: usize = 3;
/// All of them answer already.
const WHOLE: Duration = Duration::from_secs(60);

/// A cluster on loopback. Its nodes are numbered from 0.
#[derive(Debug)]
pub struct PrivateCluster {
    // Ended in this order, before their directory goes.
    nodes: [Node; NODES],
    _epmd: Process,
    _directory: TempDir,
}

impl PrivateCluster {
    /// Starts fresh nodes and waits until all of them know each other: about twenty seconds on an idle machine.
    pub async fn start() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let port = free_port();
        let mut command = Command::new(services::rabbitmq_node());
        command.args(["epmd", &port.to_string()]);
        let epmd = Process::start("epmd", directory.path(), &mut command);
        let nodes = Node::clustered(directory.path(), port);
        let mut cluster = Self { nodes, _epmd: epmd, _directory: directory };
        join_all(cluster.nodes.iter_mut().map(Node::start)).await;
        cluster.whole().await;
        cluster
    }

    /// What a node is called in the cluster.
    pub fn name(&self, node: usize) -> String {
        self.nodes[node].name()
    }

    /// A load balancer in front of it: each connection goes to the first node that answers, in this order.
    pub async fn balancer(&self, order: [usize; NODES]) -> Balancer {
        Balancer::before(order.map(|node| self.nodes[node].port()).to_vec()).await
    }

    /// A fresh virtual host, seen from this node: it is reachable there, by AMQP and by the management API.
    pub async fn vhost(&self, node: usize) -> Vhost {
        Vhost::on(&self.nodes[node].url(), &self.nodes[node].management_url()).await
    }

    /// SIGKILL to one node.
    pub async fn kill(&mut self, node: usize) {
        self.nodes[node].kill().await;
    }

    /// Starts a node again after [`Self::kill`], and waits until the others have it back.
    pub async fn restart(&mut self, node: usize) {
        self.nodes[node].start().await;
        self.whole().await;
    }

    /// Stops all nodes in order.
    pub async fn stop(&mut self) {
        join_all(self.nodes.iter_mut().map(Node::stop)).await;
    }

    async fn whole(&self) {
        for node in &self.nodes {
            let management = Management::new(&node.management_url());
            until_true("the cluster to be whole", WHOLE, || async {
                management.running_nodes().await == NODES
            })
            .await;
        }
    }
}
