//! A virtual host per test: exchanges and queues of its own on a shared node.

use super::Bus;
use super::management::Management;
use crate::services;
use serde_json::Value;

/// The virtual host of one test; it is deleted when dropped.
#[derive(Debug)]
pub struct Vhost {
    name: String,
    url: String,
    management: Management,
}

impl Vhost {
    /// A new virtual host on the shared node.
    pub async fn new() -> Self {
        Self::on(&services::broker_url(), &services::management_url()).await
    }

    /// A new virtual host on the node with this AMQP address (the path is ignored) and this management address.
    pub async fn on(broker_url: &str, management_url: &str) -> Self {
        let name = format!("test-{}", uuid::Uuid::new_v4().simple());
        let management = Management::new(management_url);
        management.create_vhost(&name).await;
        let (scheme, rest) = broker_url.split_once("://").expect("the broker's address is a URL");
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        Self { url: format!("{scheme}://{authority}/{name}"), name, management }
    }

    /// The address for `[broker] url`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The address with another port of this machine, as of a load balancer.
    pub fn url_through(&self, port: u16) -> String {
        let (before, _) = self.url.rsplit_once(':').expect("the address has a port");
        format!("{before}:{port}/{}", self.name)
    }

    /// The address for a new user with this password.
    pub async fn url_with_password(&self, password: &str) -> String {
        self.management.create_user(&self.name, password).await;
        let (scheme, rest) = self.url.split_once("://").expect("the broker's address is a URL");
        let (_, host_and_path) = rest.split_once('@').unwrap_or(("", rest));
        format!("{scheme}://{}:{password}@{host_and_path}", self.name)
    }

    /// The address for a new user with these permissions, as RabbitMQ's management has them.
    pub async fn url_with_permissions(&self, permissions: &Value) -> String {
        let url = self.url_with_password("secret").await;
        self.management.set_permissions(&self.name, permissions).await;
        url
    }

    /// Limits the user of [`Self::url_with_permissions`] to routing keys, as RabbitMQ's management has it.
    pub async fn set_topic_permission(&self, permission: &Value) {
        self.management.set_topic_permission(&self.name, permission).await;
    }

    /// A new connection.
    pub async fn bus(&self) -> Bus {
        Bus::connect(&self.url).await
    }

    /// Closes all connections; returns their number.
    pub async fn close_connections(&self) -> usize {
        self.management.close_connections(&self.name).await
    }

    /// The names that clients have given their connections, up to five seconds old.
    pub async fn connection_names(&self) -> Vec<String> {
        self.management.connection_names(&self.name).await
    }

    /// The node's information about a queue (arguments, consumers, …), up to five seconds old.
    pub async fn queue(&self, queue: &str) -> Value {
        self.management.queue(&self.name, queue).await
    }
}

impl Drop for Vhost {
    fn drop(&mut self) {
        let (management, name) = (self.management.clone(), self.name.clone());
        // A thread of its own: a runtime cannot be blocked from inside.
        let done = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            if let Ok(runtime) = runtime {
                runtime.block_on(management.delete_vhost(&name));
            }
        });
        let _ = done.join();
    }
}
