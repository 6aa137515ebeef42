//! A cluster of three RabbitMQ nodes of the test's own, which replicate each other's queues.

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
/// The time for the nodes to form the cluster, after all of them answer.
const COMPLETE: Duration = Duration::from_secs(60);

/// A cluster on loopback. Its nodes are numbered from 0.
#[derive(Debug)]
pub struct PrivateCluster {
    // Dropped in this order, before their directory.
    nodes: [Node; NODES],
    _epmd: Process,
    _directory: TempDir,
}

impl PrivateCluster {
    /// Starts new nodes and waits until all of them know each other: about twenty seconds on an idle machine.
    pub async fn start() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let port = free_port();
        let mut command = Command::new(services::rabbitmq_node());
        command.args(["epmd", &port.to_string()]);
        let epmd = Process::start("epmd", directory.path(), &mut command);
        let nodes = Node::clustered(directory.path(), port);
        let mut cluster = Self { nodes, _epmd: epmd, _directory: directory };
        join_all(cluster.nodes.iter_mut().map(Node::start)).await;
        cluster.complete().await;
        cluster
    }

    /// The name of a node in the cluster.
    pub fn name(&self, node: usize) -> String {
        self.nodes[node].name()
    }

    /// The ports of the nodes.
    pub fn ports(&self) -> [u16; NODES] {
        [0, 1, 2].map(|node: usize| self.nodes[node].port())
    }

    /// A load balancer for the cluster: each connection goes to the first node in this order that answers.
    pub async fn balancer(&self, order: [usize; NODES]) -> Balancer {
        Balancer::before(order.map(|node| self.nodes[node].port()).to_vec()).await
    }

    /// A new virtual host, with the addresses of this node for AMQP and the management API.
    pub async fn vhost(&self, node: usize) -> Vhost {
        Vhost::on(&self.nodes[node].url(), &self.nodes[node].management_url()).await
    }

    /// A new virtual host that is reached through a load balancer, for a client that outlives each node.
    pub async fn vhost_through(&self, balancer: &Balancer) -> Vhost {
        let url = format!("amqp://guest:guest@127.0.0.1:{}/%2f", balancer.port());
        Vhost::on(&url, &self.nodes[0].management_url()).await
    }

    /// Sends SIGKILL to one node.
    pub async fn kill(&mut self, node: usize) {
        self.nodes[node].kill().await;
    }

    /// Starts a node again after [`Self::kill`], and waits until the cluster is complete.
    pub async fn restart(&mut self, node: usize) {
        self.nodes[node].start().await;
        self.complete().await;
    }

    /// Stops all nodes in order.
    pub async fn stop(&mut self) {
        join_all(self.nodes.iter_mut().map(Node::stop)).await;
    }

    async fn complete(&self) {
        for node in &self.nodes {
            let management = Management::new(&node.management_url());
            until_true("the cluster to be complete", COMPLETE, || async {
                management.running_nodes().await == NODES
            })
            .await;
        }
    }
}
