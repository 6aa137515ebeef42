//! A virtual host for one test, created and removed through the broker's management API.

use std::time::Duration;

use lapin::message::BasicGetMessage;
use lapin::options::{BasicGetOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Connection};
use publisher::{Publisher, connect};
use reqwest::{Client, Method, StatusCode};
use url::Url;
use uuid::Uuid;

/// The time after which a test fails.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

pub(crate) struct VirtualHost {
    name: String,
    broker: Url,
    management: Management,
}

#[derive(Clone)]
struct Management {
    url: Url,
    client: Client,
}

impl VirtualHost {
    pub(crate) async fn create() -> Self {
        let broker: Url = variable("POSTERN_BROKER_URL").parse().expect("POSTERN_BROKER_URL");
        let management = Management::new();
        let name = format!("publisher-{}", Uuid::new_v4().simple());
        management.call(Method::PUT, &["vhosts", &name], None).await;
        let all = serde_json::json!({"configure": ".*", "write": ".*", "read": ".*"});
        let user = management.url.username().to_owned();
        management.call(Method::PUT, &["permissions", &name, &user], Some(all)).await;
        Self { name, broker, management }
    }

    /// The URL of this virtual host.
    pub(crate) fn url(&self) -> Url {
        let mut url = self.broker.clone();
        url.set_path(&self.name);
        url
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) async fn connect(&self) -> Connection {
        connect(self.url().as_str(), "publisher test", DEADLINE).await.unwrap()
    }

    pub(crate) async fn channel(&self) -> Channel {
        self.connect().await.create_channel().await.unwrap()
    }

    pub(crate) async fn publisher(&self, channels: usize) -> Publisher {
        Publisher::open(self.connect().await, channels, DEADLINE).await.unwrap()
    }

    /// Makes the broker close the connections of this virtual host; returns their number.
    pub(crate) async fn kill_connections(&self) -> usize {
        let path = ["vhosts", &self.name, "connections"];
        let list = self.management.call(Method::GET, &path, None).await;
        let list: Vec<serde_json::Value> = serde_json::from_str(&list).unwrap();
        for connection in &list {
            let name = connection["name"].as_str().unwrap();
            self.management.call(Method::DELETE, &["connections", name], None).await;
        }
        list.len()
    }
}

impl Drop for VirtualHost {
    fn drop(&mut self) {
        let (management, name) = (self.management.clone(), self.name.clone());
        let removal = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            // It needs a client of its own: the other one uses the test's runtime.
            let management = Management { client: Client::new(), ..management };
            runtime.unwrap().block_on(management.call(Method::DELETE, &["vhosts", &name], None));
        });
        let _ = removal.join();
    }
}

impl Management {
    fn new() -> Self {
        // The client needs it, although the management API uses plain HTTP on loopback.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let url = variable("POSTERN_BROKER_MANAGEMENT_URL").parse().expect("management URL");
        Self { url, client: Client::new() }
    }

    async fn call(&self, method: Method, path: &[&str], body: Option<serde_json::Value>) -> String {
        let mut url = self.url.clone();
        url.path_segments_mut().unwrap().clear().push("api").extend(path);
        let mut request = self.client.request(method, url).timeout(DEADLINE);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.expect("the management API answers");
        let status = response.status();
        let text = response.text().await.unwrap();
        // An item to delete may be missing already.
        assert!(
            status.is_success() || status == StatusCode::NOT_FOUND,
            "{path:?}: {status} {text}"
        );
        text
    }
}

/// Declares a queue bound to `exchange` by `pattern`.
pub(crate) async fn bound_queue(channel: &Channel, queue: &str, exchange: &str, pattern: &str) {
    let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(queue.into(), options, FieldTable::default()).await.unwrap();
    let (options, arguments) = (QueueBindOptions::default(), FieldTable::default());
    channel
        .queue_bind(queue.into(), exchange.into(), pattern.into(), options, arguments)
        .await
        .unwrap();
}

/// Takes the next message out of `queue`, and waits for it where there is none.
pub(crate) async fn take(channel: &Channel, queue: &str) -> BasicGetMessage {
    let taking = async {
        loop {
            let options = BasicGetOptions { no_ack: true };
            if let Some(message) = channel.basic_get(queue.into(), options).await.unwrap() {
                return message;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(DEADLINE, taking).await.unwrap_or_else(|_| panic!("{queue} stays empty"))
}

fn variable(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set: these tests need a broker, run `make test`"))
}
