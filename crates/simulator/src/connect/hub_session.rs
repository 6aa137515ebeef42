//! A connection to the hub: the handshake of SignalR's JSON protocol, then rows as they come.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use chrono::Utc;
use serde_json::{Value, json};
use tokio::time::{Instant, interval, timeout};
use uuid::Uuid;

use super::caller;
use super::entries::entry_json;
use crate::cloud::Cloud;

/// The end of a record.
const SEPARATOR: char = '\u{1e}';
/// How long a client may take for its handshake, as SignalR has it.
const HANDSHAKE: Duration = Duration::from_secs(15);
/// How often the server sends a ping, as SignalR has it.
const PING: Duration = Duration::from_secs(15);
/// How often rows and the token are looked at.
const LOOK: Duration = Duration::from_millis(50);

/// What a connection listens to.
pub(super) struct Subscription {
    pub(super) site: Uuid,
    pub(super) user_id: Option<Uuid>,
    pub(super) token: String,
    /// The position of the next row in the site's log.
    pub(super) next: usize,
}

/// What is to be sent now.
enum Due {
    Rows(Vec<Value>),
    /// The token is no longer valid.
    End,
}

pub(super) async fn run(cloud: Arc<Cloud>, mut socket: WebSocket, mut subscription: Subscription) {
    match timeout(HANDSHAKE, socket.recv()).await {
        Ok(Some(Ok(Message::Text(text)))) if is_handshake(&text) => {}
        Ok(_) | Err(_) => {
            let refusal = json!({"error": "The handshake must ask for the protocol json."});
            let _ = send(&mut socket, &refusal).await;
            return;
        }
    }
    if send(&mut socket, &json!({})).await.is_err() {
        return;
    }
    let mut look = interval(LOOK);
    let mut last_sent = Instant::now();
    loop {
        tokio::select! {
            received = socket.recv() => match received {
                // Pings of the client need no answer.
                Some(Ok(Message::Text(_) | Message::Binary(_) | Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
            },
            _ = look.tick() => {
                let messages = match subscription.due(&cloud) {
                    Due::Rows(rows) if rows.is_empty() && last_sent.elapsed() >= PING => {
                        vec![json!({"type": 6})]
                    }
                    Due::Rows(rows) => rows.into_iter().map(invocation).collect(),
                    Due::End => {
                        let error = "Connection closed: the token has expired.";
                        let _ = send(&mut socket, &json!({"type": 7, "error": error})).await;
                        return;
                    }
                };
                for message in &messages {
                    last_sent = Instant::now();
                    if send(&mut socket, message).await.is_err() {
                        return;
                    }
                }
            }
        }
    }
}

fn is_handshake(text: &str) -> bool {
    let record = text.strip_suffix(SEPARATOR).unwrap_or_default();
    serde_json::from_str::<Value>(record).is_ok_and(|handshake| handshake["protocol"] == "json")
}

fn invocation(row: Value) -> Value {
    json!({"type": 1, "target": "ReceiveMessage", "arguments": [row]})
}

async fn send(socket: &mut WebSocket, message: &Value) -> Result<(), axum::Error> {
    socket.send(Message::text(format!("{message}{SEPARATOR}"))).await
}

impl Subscription {
    fn due(&mut self, cloud: &Cloud) -> Due {
        let state = cloud.state();
        if state.tokens.access(&self.token, cloud.clock.now()).is_none() {
            return Due::End;
        }
        let entries = state.records.entries.get(&self.site).map(Vec::as_slice).unwrap_or_default();
        // A reset has removed the rows.
        self.next = self.next.min(entries.len());
        let visible_to = Utc::now() - state.world.settings.stream_delay();
        let new = &entries[self.next..];
        let new = &new[..new.partition_point(|entry| entry.recorded_at <= visible_to)];
        self.next += new.len();
        let by_user =
            |username: &str| self.user_id.is_none_or(|id| id == caller::user_id(username));
        let rows = new.iter().filter(|entry| by_user(&entry.username)).map(entry_json);
        Due::Rows(rows.collect())
    }
}
