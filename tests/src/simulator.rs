//! The simulator of Salto's cloud: a process of its own per test, and its control API.

use crate::deadline::{SOON, until, until_true};
use crate::http;
use crate::ports::free_port;
use crate::processes::Process;
use crate::services;
use chrono::{DateTime, Utc};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The IQ on the ground floor: the front door and rooms 1 to 12.
pub const IQ_GROUND_FLOOR: &str = "1a1a1a1a-0001-4000-8000-000000000001";
/// The IQ on the first floor: rooms 13 to 24.
pub const IQ_FIRST_FLOOR: &str = "1a1a1a1a-0002-4000-8000-000000000002";
/// The lock of `room-12`.
pub const ROOM_12: &str = "a5091d73-d7ea-4eb7-b883-0a4d241584ca";
/// The lock of `front-door`.
pub const FRONT_DOOR: &str = "4d77312f-4a87-41db-a97b-f9d948dcc908";

/// The secrets of the simulated account and IQs, which no log, event or stored value may contain.
pub const SECRETS: [&str; 4] =
    ["demo-password", "demo-client-secret", "GroundFloorIq001", "FirstFloorIq0002"];

/// A running simulator.
#[derive(Debug)]
pub struct Simulator {
    process: Process,
    url: String,
    directory: PathBuf,
}

/// A door that opened.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Opening {
    pub seq: u64,
    pub opened_at: DateTime<Utc>,
    pub lock_id: String,
    pub lock: String,
    pub iq_id: String,
}

/// A command to open, with any result.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct OpenCommand {
    pub seq: u64,
    pub received_at: DateTime<Utc>,
    pub lock_id: Option<String>,
    pub verdict: Value,
    pub status: Option<u16>,
    pub fault: Option<String>,
}

impl Simulator {
    /// Starts one with its built-in world; it logs to `directory`.
    pub async fn start(directory: &Path) -> Self {
        Self::start_with(directory, &[]).await
    }

    /// Starts one with the content of a world file.
    pub async fn start_with_world(directory: &Path, world: &Value) -> Self {
        let file = directory.join("given-world.json");
        std::fs::write(&file, world.to_string()).expect("the world is written");
        Self::start_with(directory, &["--world", file.to_str().expect("a readable path")]).await
    }

    /// Starts one with its built-in world, on whose page one can book doors and ring at them.
    pub async fn start_with_broker(directory: &Path, broker_url: &str) -> Self {
        Self::start_with(directory, &["--broker-url", broker_url]).await
    }

    async fn start_with(directory: &Path, arguments: &[&str]) -> Self {
        let url = format!("http://127.0.0.1:{}", free_port());
        let process = start(&url, directory, arguments);
        let simulator = Self { process, url, directory: directory.to_owned() };
        simulator.serves().await;
        simulator
    }

    /// Stops it: connections to Salto are refused. Its world is kept; tokens, faults and records are not.
    pub async fn stop(&self) {
        let world = self.get("world").await.to_string();
        std::fs::write(self.world_file(), world).expect("the world is written");
        self.process.kill().await;
    }

    /// Starts it again after [`Self::stop`], with the same address.
    pub async fn restart(&mut self) {
        let world = self.world_file();
        let world = world.to_str().expect("a readable path");
        self.process = start(&self.url, &self.directory, &["--world", world]);
        self.serves().await;
    }

    fn world_file(&self) -> PathBuf {
        self.directory.join("world.json")
    }

    async fn serves(&self) {
        until_true("the simulator to serve", SOON, || async {
            let ended = self.process.status();
            assert!(ended.is_none(), "the simulator ended:\n{}", self.process.log());
            let health = http::client().get(format!("{}/control/health", self.url)).send();
            health.await.is_ok_and(|answer| answer.status().is_success())
        })
        .await;
    }

    /// The base URL of both of Salto's hosts.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The process.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Every opening so far.
    pub async fn openings(&self) -> Vec<Opening> {
        read(self.get("openings").await, "openings")
    }

    /// Every command so far.
    pub async fn commands(&self) -> Vec<OpenCommand> {
        read(self.get("commands").await, "commands")
    }

    /// The number of openings so far.
    pub async fn opening_count(&self) -> u64 {
        self.get("counters").await["openings"].as_u64().expect("a number")
    }

    /// Waits for at least this number of openings.
    ///
    /// # Panics
    /// If `limit` is over.
    pub async fn wait_for_openings(&self, count: u64, limit: Duration) {
        until_true(&format!("{count} openings"), limit, || async {
            self.opening_count().await >= count
        })
        .await;
    }

    /// Waits for at least this number of open commands, with any result.
    ///
    /// # Panics
    /// If `limit` is over.
    pub async fn wait_for_commands(&self, count: u64, limit: Duration) {
        until_true(&format!("{count} commands"), limit, || async {
            self.get("counters").await["commands"].as_u64() >= Some(count)
        })
        .await;
    }

    /// Token requests so far: granted, denied.
    pub async fn token_requests(&self) -> (u64, u64) {
        let counters = self.get("counters").await;
        let sum = |member: &str| {
            let tokens = counters["tokens"].as_array().expect("an array");
            tokens.iter().filter_map(|count| count[member].as_u64()).sum()
        };
        (sum("granted"), sum("denied"))
    }

    /// The counters of the simulator: calls by kind, and others.
    pub async fn counters(&self) -> Value {
        self.get("counters").await
    }

    /// Waits for the newest PIN that was mailed for an IQ.
    ///
    /// # Panics
    /// If none arrives.
    pub async fn mailed_pin(&self, iq: &str) -> String {
        until("the mail with the PIN", SOON, || async {
            let mails = self.get("mailbox").await;
            let mails = mails["mails"].as_array().expect("an array");
            let mail = mails.iter().rev().find(|mail| mail["iq_id"] == iq)?;
            Some(mail["pin"].as_str().expect("a text").to_owned())
        })
        .await
    }

    /// Adds a fault; returns its number. The simulator's README lists the faults.
    pub async fn add_fault(&self, fault: Value) -> u64 {
        let fault = self.control(Method::POST, "faults", Some(fault)).await;
        fault["id"].as_u64().expect("a fault has a number")
    }

    /// Removes all faults.
    pub async fn clear_faults(&self) {
        self.control(Method::DELETE, "faults", None).await;
    }

    /// Makes every token invalid before its end.
    pub async fn revoke_tokens(&self) {
        self.control(Method::POST, "tokens/revoke", Some(json!({"access": true}))).await;
    }

    /// Changes an IQ: `online`, `restore_required`, `secret`, `pin`, `otp_scheme`, `pin_in_body`, …
    pub async fn change_iq(&self, iq: &str, change: Value) {
        self.control(Method::PATCH, &format!("iqs/{iq}"), Some(change)).await;
    }

    /// Changes settings of the whole cloud: `token_lifetime_seconds`, `list_form`, `error_codes`, …
    pub async fn change_settings(&self, change: Value) {
        self.control(Method::PATCH, "settings", Some(change)).await;
    }

    /// Any other call of the control API; `path` is the part after `/control/`.
    ///
    /// # Panics
    /// If the simulator refuses it.
    pub async fn control(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let mut request = http::client().request(method, format!("{}/control/{path}", self.url));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.expect("the simulator answers");
        let status = answer.status();
        let text = answer.text().await.expect("an answer has a body");
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    async fn get(&self, path: &str) -> Value {
        self.control(Method::GET, path, None).await
    }
}

fn start(url: &str, directory: &Path, arguments: &[&str]) -> Process {
    let listen = url.strip_prefix("http://").expect("plain HTTP");
    let mut command = Command::new(services::program("salto-simulator"));
    command.args(["--listen", listen]).args(arguments);
    Process::start("simulator", directory, &mut command)
}

fn read<T: for<'a> Deserialize<'a>>(mut answer: Value, member: &str) -> Vec<T> {
    serde_json::from_value(answer[member].take()).expect("the control API's records")
}
