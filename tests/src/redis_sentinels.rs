//! Redis with Sentinel of the test's own: a master, two replicas and three sentinels, with passwords for both.

use crate::deadline::{SOON, until, until_true};
use crate::ports::free_port;
use crate::processes::Process;
use crate::redis::try_connect;
use crate::services;
use crate::settings::Settings;
use deadpool_redis::redis::{self, FromRedisValue};
use nix::sys::signal::Signal;
use std::collections::HashMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;
use toml::Value;

/// The number of servers, and of sentinels.
pub const SERVERS: usize = 3;
/// The name under which the sentinels know the master.
pub const MASTER: &str = "mymaster";
/// The password of the servers.
pub const PASSWORD: &str = "servers-password";
/// The password of the sentinels.
pub const SENTINEL_PASSWORD: &str = "sentinels-password";
/// After this time without an answer, a sentinel takes the master for dead.
const DOWN_AFTER_MS: u32 = 1000;
/// The limit of a failover; a busy machine may need a second attempt.
const FAILOVER: Duration = Duration::from_secs(60);

/// The servers and sentinels, numbered from 0. The first server is the master at the start.
#[derive(Debug)]
pub struct PrivateSentinels {
    // Dropped in this order, before their directory.
    sentinels: [Server; SERVERS],
    servers: [Server; SERVERS],
    _directory: TempDir,
}

/// A server or a sentinel. After a restart it has the same port and data.
#[derive(Debug)]
struct Server {
    process: Option<Process>,
    directory: PathBuf,
    port: u16,
}

impl PrivateSentinels {
    /// Starts all of them, and waits until every sentinel knows the replicas and the other sentinels.
    pub async fn start() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let new = |kind: &str, number: usize| {
            let directory = directory.path().join(format!("{kind}-{number}"));
            std::fs::create_dir(&directory).expect("a directory can be made");
            Server { process: None, directory, port: free_port() }
        };
        let mut servers = std::array::from_fn(|number| new("server", number));
        let mut sentinels = std::array::from_fn(|number| new("sentinel", number));
        let master = servers[0].port;
        for (number, server) in servers.iter_mut().enumerate() {
            server.start_server((number > 0).then_some(master)).await;
        }
        replicas_are_connected(&servers[0].url(), SERVERS - 1).await;
        for sentinel in &mut sentinels {
            sentinel.write_sentinel_configuration(master);
            sentinel.start_sentinel().await;
        }
        let set = Self { sentinels, servers, _directory: directory };
        set.complete().await;
        set
    }

    /// Writes the addresses and passwords into a configuration, in place of `redis.url`.
    pub fn configure(&self, settings: &mut Settings) {
        let address = |sentinel: &Server| Value::from(format!("127.0.0.1:{}", sentinel.port));
        settings.unset("redis.url");
        settings.set("redis.sentinels", self.sentinels.iter().map(address).collect::<Vec<_>>());
        settings.set("redis.master", MASTER);
        settings.set("redis.password", PASSWORD);
        settings.set("redis.sentinel_password", SENTINEL_PASSWORD);
    }

    /// The ports of the sentinels.
    pub fn sentinel_ports(&self) -> [u16; SERVERS] {
        [0, 1, 2].map(|number: usize| self.sentinels[number].port)
    }

    /// The address of a server.
    pub fn url(&self, server: usize) -> String {
        self.servers[server].url()
    }

    /// The present master, as the first sentinel that answers knows it.
    pub async fn master(&self) -> usize {
        until("a sentinel to know the master", SOON, || self.known_master()).await
    }

    async fn known_master(&self) -> Option<usize> {
        for sentinel in &self.sentinels {
            let command = ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER];
            if let Some((_, port)) = ask::<(String, u16)>(&sentinel.sentinel_url(), &command).await
            {
                return self.servers.iter().position(|server| server.port == port);
            }
        }
        None
    }

    /// Waits until another server is the master, and all sentinels agree.
    pub async fn failed_over(&self, from: usize) {
        until_true("another master", FAILOVER, || async {
            let master = self.known_master().await;
            master.is_some_and(|master| master != from)
        })
        .await;
    }

    /// Sends SIGKILL to a server.
    pub async fn kill(&mut self, server: usize) {
        self.servers[server].kill().await;
    }

    /// Starts a server again after [`Self::kill`], as it was started first: with nothing that says who the master is
    /// by now. Waits until the sentinels have made it a replica, and the master has all its replicas.
    pub async fn restart(&mut self, server: usize) {
        self.servers[server].start_server(None).await;
        let master = self.master().await;
        replicas_are_connected(&self.servers[master].url(), SERVERS - 1).await;
    }

    /// Stops a server with SIGSTOP.
    pub fn freeze(&self, server: usize) {
        self.servers[server].signal(Signal::SIGSTOP);
    }

    /// Continues it after [`Self::freeze`].
    pub fn resume(&self, server: usize) {
        self.servers[server].signal(Signal::SIGCONT);
    }

    /// Sends SIGKILL to a sentinel.
    pub async fn kill_sentinel(&mut self, sentinel: usize) {
        self.sentinels[sentinel].kill().await;
    }

    async fn complete(&self) {
        for sentinel in &self.sentinels {
            until_true("a sentinel to know all others", SOON, || async {
                let command = ["SENTINEL", "MASTER", MASTER];
                let url = sentinel.sentinel_url();
                let fields = ask::<HashMap<String, String>>(&url, &command).await;
                fields.is_some_and(|it| {
                    it.get("num-slaves").is_some_and(|count| count == "2")
                        && it.get("num-other-sentinels").is_some_and(|count| count == "2")
                })
            })
            .await;
        }
    }
}

impl Server {
    fn url(&self) -> String {
        format!("redis://:{PASSWORD}@127.0.0.1:{}/0", self.port)
    }

    fn sentinel_url(&self) -> String {
        format!("redis://:{SENTINEL_PASSWORD}@127.0.0.1:{}", self.port)
    }

    async fn start_server(&mut self, master: Option<u16>) {
        let mut command = Command::new(services::redis_server());
        let port = self.port.to_string();
        command.args(["--bind", "127.0.0.1", "--port", &port, "--appendonly", "yes", "--save", ""]);
        command.args(["--maxmemory-policy", "noeviction", "--requirepass", PASSWORD]);
        command.args(["--masterauth", PASSWORD, "--repl-diskless-sync-delay", "0"]);
        if let Some(master) = master {
            command.args(["--replicaof", "127.0.0.1", &master.to_string()]);
        }
        let url = self.url();
        self.start("redis", &mut command, &url).await;
    }

    fn write_sentinel_configuration(&self, master: u16) {
        let text = format!(
            "port {}\nbind 127.0.0.1\nrequirepass {SENTINEL_PASSWORD}\n\
             sentinel monitor {MASTER} 127.0.0.1 {master} 2\n\
             sentinel auth-pass {MASTER} {PASSWORD}\n\
             sentinel down-after-milliseconds {MASTER} {DOWN_AFTER_MS}\n\
             sentinel failover-timeout {MASTER} 5000\n",
            self.port
        );
        // The sentinel writes into it what it learns.
        std::fs::write(self.configuration(), text).expect("the configuration is written");
    }

    fn configuration(&self) -> PathBuf {
        self.directory.join("sentinel.conf")
    }

    async fn start_sentinel(&mut self) {
        let mut command = Command::new(services::redis_server());
        command.arg(self.configuration()).arg("--sentinel");
        let url = self.sentinel_url();
        self.start("sentinel", &mut command, &url).await;
    }

    async fn start(&mut self, name: &str, command: &mut Command, url: &str) {
        assert!(self.process.is_none(), "it runs");
        let process = Process::start(name, &self.directory, command.current_dir(&self.directory));
        until_true(&format!("{name} to serve"), SOON, || async {
            assert!(process.status().is_none(), "{name} ended:\n{}", process.log());
            ask::<String>(url, &["PING"]).await.is_some()
        })
        .await;
        self.process = Some(process);
    }

    async fn kill(&mut self) {
        if let Some(process) = self.process.take() {
            process.kill().await;
        }
    }

    fn signal(&self, signal: Signal) {
        self.process.as_ref().expect("it runs").signal(signal);
    }
}

/// The answer to a command; none where the server does not answer, or with an error.
async fn ask<T: FromRedisValue>(url: &str, command: &[&str]) -> Option<T> {
    let mut connection = try_connect(url).await.ok()?;
    let (name, arguments) = command.split_first().expect("a command has a name");
    redis::cmd(name).arg(arguments).query_async(&mut connection).await.ok()
}

async fn replicas_are_connected(master: &str, count: usize) {
    until_true("the replicas to be connected", FAILOVER, || async {
        let info: Option<String> = ask(master, &["INFO", "replication"]).await;
        info.is_some_and(|info| info.matches("state=online").count() == count)
    })
    .await;
}
