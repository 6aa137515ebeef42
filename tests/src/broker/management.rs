//! The part of RabbitMQ's management API that tests need.

use crate::http;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// The management API of one node.
#[derive(Debug, Clone)]
pub(super) struct Management {
    /// The address with credentials, as `http://guest:guest@127.0.0.1:15672`.
    url: String,
}

impl Management {
    pub(super) fn new(url: &str) -> Self {
        Self { url: url.trim_end_matches('/').to_owned() }
    }

    /// Creates a virtual host in which the user of the credentials has all permissions.
    pub(super) async fn create_vhost(&self, name: &str) {
        self.call_ok(Method::PUT, &format!("vhosts/{name}"), None).await;
        let all = json!({"configure": ".*", "write": ".*", "read": ".*"});
        let user = self.user();
        self.call_ok(Method::PUT, &format!("permissions/{name}/{user}"), Some(all)).await;
    }

    /// Creates a user with all permissions in the virtual host of the same name.
    pub(super) async fn create_user(&self, name: &str, password: &str) {
        let user = json!({"password": password, "tags": ""});
        self.call_ok(Method::PUT, &format!("users/{name}"), Some(user)).await;
        self.set_permissions(name, &json!({"configure": ".*", "write": ".*", "read": ".*"})).await;
    }

    /// Sets what the user of a virtual host's name may configure, write and read there.
    pub(super) async fn set_permissions(&self, name: &str, permissions: &Value) {
        let path = format!("permissions/{name}/{name}");
        self.call_ok(Method::PUT, &path, Some(permissions.clone())).await;
    }

    /// Sets with which routing keys the user of a virtual host's name may write and read there.
    pub(super) async fn set_topic_permission(&self, name: &str, permission: &Value) {
        let path = format!("topic-permissions/{name}/{name}");
        self.call_ok(Method::PUT, &path, Some(permission.clone())).await;
    }

    /// Deletes a virtual host with everything in it, and the user of the same name; ignores an absent one and an
    /// unreachable node.
    pub(super) async fn delete_vhost(&self, name: &str) {
        let _ = self.call(Method::DELETE, &format!("vhosts/{name}"), None).await;
        let _ = self.call(Method::DELETE, &format!("users/{name}"), None).await;
    }

    /// The names that the clients of a virtual host have given their connections.
    pub(super) async fn connection_names(&self, vhost: &str) -> Vec<String> {
        let list = self.call_ok(Method::GET, &format!("vhosts/{vhost}/connections"), None).await;
        let list: Vec<Value> =
            serde_json::from_str(&list).expect("the connections are a JSON array");
        let names = list.iter().filter_map(|connection| connection["user_provided_name"].as_str());
        names.map(str::to_owned).collect()
    }

    /// Closes every client connection of a virtual host, as an operator might.
    pub(super) async fn close_connections(&self, vhost: &str) -> usize {
        let list = self.call_ok(Method::GET, &format!("vhosts/{vhost}/connections"), None).await;
        let list: Vec<Value> =
            serde_json::from_str(&list).expect("the connections are a JSON array");
        let mut closed = 0;
        for name in list.iter().filter_map(|connection| connection["name"].as_str()) {
            // Names contain spaces, colons and `->`.
            let name: String = name.bytes().map(|byte| format!("%{byte:02X}")).collect();
            let answer = self.call(Method::DELETE, &format!("connections/{name}"), None).await;
            closed += usize::from(answer.is_ok_and(|(status, _)| status.is_success()));
        }
        closed
    }

    /// The node's information about a queue, up to five seconds old.
    pub(super) async fn queue(&self, vhost: &str, queue: &str) -> Value {
        let body = self.call_ok(Method::GET, &format!("queues/{vhost}/{queue}"), None).await;
        serde_json::from_str(&body).expect("a queue is a JSON object")
    }

    /// The number of running nodes of its cluster, itself included; 0 if it does not answer, as while a cluster forms.
    pub(super) async fn running_nodes(&self) -> usize {
        let Ok((_, list)) = self.call(Method::GET, "nodes", None).await else { return 0 };
        let list: Vec<Value> = serde_json::from_str(&list).unwrap_or_default();
        list.iter().filter(|node| node["running"] == true).count()
    }

    fn user(&self) -> &str {
        let authority = self.url.split("://").nth(1).unwrap_or_default();
        authority.split_once(':').map_or("guest", |(user, _)| user)
    }

    async fn call_ok(&self, method: Method, path: &str, body: Option<Value>) -> String {
        match self.call(method.clone(), path, body).await {
            Ok((status, body)) if status.is_success() => body,
            other => panic!("{method} {path}: {other:?}"),
        }
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> reqwest::Result<(StatusCode, String)> {
        let request = http::client().request(method, format!("{}/api/{path}", self.url));
        let request = if let Some(body) = body {
            request.json(&body)
        } else {
            request.header("content-type", "application/json")
        };
        let answer = request.send().await?;
        let status = answer.status();
        Ok((status, answer.text().await?))
    }
}
