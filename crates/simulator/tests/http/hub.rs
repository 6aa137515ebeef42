//! The hub of the event stream, heard by SignalR's own client (tests/signalr_client): a check of the simulator by
//! something that is not part of this project.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::fixtures::{IQ, ROOM_12, SITE, TestSimulator, otp};

/// The first run installs the client.
const STARTED: Duration = Duration::from_secs(180);
const SOON: Duration = Duration::from_secs(20);

/// The client, and what it prints.
struct Client {
    process: Child,
    lines: mpsc::UnboundedReceiver<String>,
}

impl Client {
    fn start(simulator: &TestSimulator, user: &str, token: &str) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/signalr-client.sh");
        let address = simulator.address();
        let url = format!("http://{address}/v1/hub/entries?site_id={SITE}&user_id={user}");
        let mut command = Command::new(script);
        command.arg(url).env("TOKEN", token).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("deploy/signalr-client.sh starts");
        let output = BufReader::new(process.stdout.take().unwrap());
        let (sender, lines) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { process, lines }
    }

    async fn next(&mut self, limit: Duration) -> Value {
        let line = timeout(limit, self.lines.recv()).await.expect("a line of the client in time");
        let line = line.expect("SignalR's client ended; its standard error says why");
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("no line of the client: {line}"))
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

async fn user_id(simulator: &TestSimulator) -> String {
    let me = simulator.get("/v1.2/me").await.json();
    me["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn signalrs_own_client_sees_openings_until_its_token_ends() {
    let simulator = TestSimulator::activated().await;
    let user = user_id(&simulator).await;
    let mut client = Client::start(&simulator, &user, &simulator.token());
    assert_eq!(client.next(STARTED).await, json!({"connected": true}));

    simulator.control("PATCH", "settings", json!({"stream_delay_ms": 300})).await;
    assert_eq!(simulator.open(ROOM_12, &otp()).await.status(), 200);
    let row = client.next(SOON).await["row"].take();
    for (member, value) in [
        ("event_category", "lock_opened"),
        ("access_by", "remote"),
        ("lock_id", ROOM_12),
        ("iq_id", IQ),
        ("user_id", &*user),
    ] {
        assert_eq!(row[member], value, "{row}");
    }
    let log = simulator.get(&format!("/v1.1/sites/{SITE}/entries")).await.json();
    assert_eq!(log["items"][0], row, "log and stream have the same row");

    simulator.control("POST", "tokens/revoke", json!({})).await;
    let closed = client.next(SOON).await;
    assert!(closed["closed"].as_str().unwrap().contains("token"), "{closed}");
}

#[tokio::test]
async fn the_hub_refuses_other_tokens_sites_and_users() {
    let simulator = TestSimulator::activated().await;
    let user = user_id(&simulator).await;
    let mut client = Client::start(&simulator, &user, "of nobody");
    let refused = client.next(STARTED).await;
    assert!(refused["failed"].as_str().unwrap().contains("401"), "{refused}");

    let negotiate = async |query: &str| {
        let path = format!("/v1/hub/entries/negotiate?negotiateVersion=1&{query}");
        simulator.call("POST", &path, &simulator.token(), "").await.status()
    };
    let other = "5a000000-0000-4000-8000-000000000000";
    assert_eq!(negotiate(&format!("site_id={SITE}")).await, 200, "an admin may see all");
    assert_eq!(negotiate(&format!("site_id={other}&user_id={user}")).await, 404);
    let roles = json!({"roles": ["site_user"]});
    simulator.control("PATCH", "accounts/system-user@acme.example", roles).await;
    assert_eq!(negotiate(&format!("site_id={SITE}&user_id={user}")).await, 200, "its own");
    assert_eq!(negotiate(&format!("site_id={SITE}&user_id={other}")).await, 403);
    assert_eq!(negotiate(&format!("site_id={SITE}")).await, 403);
}

#[tokio::test]
async fn rows_come_late_into_the_log() {
    let simulator = TestSimulator::activated().await;
    simulator.control("PATCH", "settings", json!({"entry_delay_ms": 60_000})).await;
    assert_eq!(simulator.open(ROOM_12, &otp()).await.status(), 200);
    let entries = format!("/v1.1/sites/{SITE}/entries");
    assert_eq!(simulator.get(&entries).await.json()["items"], json!([]));
    simulator.control("PATCH", "settings", json!({"entry_delay_ms": 0})).await;
    assert_eq!(simulator.get(&entries).await.json()["items"].as_array().unwrap().len(), 1);
}
