//! The nodes of a cluster, of which a client uses one at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lapin::Connection;
use secrecy::{ExposeSecret, SecretString};

use super::broker_url;
use super::connect::{ConnectError, connect};

/// The nodes of one RabbitMQ cluster, or the only node. Clones share which node is preferred.
///
/// The first one is chosen at random, so that the loss of a node interrupts only some of many workers. A node
/// that answers stays preferred until [`Self::leave_node`].
#[derive(Debug, Clone)]
pub struct BrokerNodes {
    urls: Arc<[SecretString]>,
    preferred: Arc<AtomicUsize>,
}

impl BrokerNodes {
    /// The nodes with these URLs; without any, no connection opens.
    pub fn new(urls: Vec<SecretString>) -> Self {
        let first = rand::random_range(0..urls.len().max(1));
        Self { urls: urls.into(), preferred: Arc::new(AtomicUsize::new(first)) }
    }

    /// The URLs, in the order in which they were given.
    pub fn urls(&self) -> &[SecretString] {
        &self.urls
    }

    /// Host and port of each node, in the order of the URLs.
    pub fn addresses(&self) -> Vec<String> {
        self.urls.iter().map(address).collect()
    }

    /// Host and port of the preferred node.
    pub fn preferred(&self) -> String {
        let url = self.urls.get(self.preferred.load(Ordering::Relaxed));
        url.map(address).unwrap_or_default()
    }

    /// Prefers the next node: a connection to the preferred one was lost, or did not serve.
    pub fn leave_node(&self) {
        let next = (self.preferred.load(Ordering::Relaxed) + 1) % self.urls.len().max(1);
        self.preferred.store(next, Ordering::Relaxed);
    }

    /// Connects to the preferred node, or to the next one that answers, as [`connect`] does. Each of them has
    /// the whole time.
    ///
    /// # Errors
    /// That of the only node, or [`ConnectError::NoNode`].
    pub async fn connect(
        &self,
        connection_name: &str,
        timeout: Duration,
    ) -> Result<Connection, ConnectError> {
        let (first, count) = (self.preferred.load(Ordering::Relaxed), self.urls.len());
        let mut errors = Vec::new();
        for node in (first..first + count).map(|node| node % count) {
            match connect(self.urls[node].expose_secret(), connection_name, timeout).await {
                Ok(connection) => {
                    self.preferred.store(node, Ordering::Relaxed);
                    for error in errors {
                        tracing::warn!(%error, "RabbitMQ node not usable; another one is used");
                    }
                    return Ok(connection);
                }
                Err(error) => errors.push(error),
            }
        }
        match errors.pop() {
            Some(only) if errors.is_empty() => Err(only),
            last => Err(ConnectError::NoNode(errors.into_iter().chain(last).collect())),
        }
    }
}

/// Host and port.
fn address(url: &SecretString) -> String {
    let authority = broker_url::parse(url.expose_secret()).map(|uri| uri.authority);
    authority.map(|it| format!("{}:{}", it.host, it.port)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(count: u16) -> BrokerNodes {
        BrokerNodes::new((1..=count).map(|port| format!("amqp://h:{port}").into()).collect())
    }

    #[test]
    fn every_node_is_first_sometimes_and_next_in_turn() {
        let mut firsts: Vec<_> = (0..200).map(|_| nodes(3).preferred()).collect();
        firsts.sort_unstable();
        firsts.dedup();
        assert_eq!(firsts, ["h:1", "h:2", "h:3"]);

        let nodes = nodes(3);
        let first = nodes.preferred();
        let others = [1, 2].map(|_| {
            nodes.leave_node();
            nodes.preferred()
        });
        assert!(!others.contains(&first) && others[0] != others[1], "{first}, {others:?}");
        nodes.leave_node();
        assert_eq!(nodes.preferred(), first);
    }
}
