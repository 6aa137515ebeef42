//! A TCP load balancer for a cluster: clients know one address.

use std::net::Ipv4Addr;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// Passes each connection to the first port of its list that accepts it; ends with all connections when dropped.
#[derive(Debug)]
pub struct Balancer {
    port: u16,
    task: JoinHandle<()>,
}

impl Balancer {
    /// Listens on loopback, in front of these ports of loopback.
    pub async fn before(ports: Vec<u16>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(pass_on(client, ports.clone()));
                // Ended connections are removed from the set.
                while connections.try_join_next().is_some() {}
            }
        });
        Self { port, task }
    }

    /// The port on which it listens.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass_on(mut client: TcpStream, ports: Vec<u16>) {
    for port in ports {
        if let Ok(mut node) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await {
            // When one side closes its connection, the other side's connection is closed too.
            let _ = copy_bidirectional(&mut client, &mut node).await;
            return;
        }
    }
}
