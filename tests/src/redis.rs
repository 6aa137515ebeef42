//! Redis: a private server to kill and restart, and access to everything that is stored.

use crate::deadline::{SOON, until_true};
use crate::ports::free_port;
use crate::processes::Process;
use crate::services;
use deadpool_redis::redis::{self, AsyncConnectionConfig, Client, aio::MultiplexedConnection};
use nix::sys::signal::Signal;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

/// A stream with the lines of 100,000 requests is read at once.
const ANSWER: Duration = Duration::from_secs(60);

/// A server of the test's own, with an append-only file. After a restart it has the same port and data.
#[derive(Debug)]
pub struct PrivateRedis {
    // Dropped before its directory.
    server: Option<Process>,
    directory: TempDir,
    port: u16,
}

impl PrivateRedis {
    /// Starts a new server and waits until it answers.
    pub async fn start() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut redis = Self { server: None, directory, port: free_port() };
        redis.restart().await;
        redis
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// The directory of its files.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Creates a user, with a line as in an ACL file: `user NAME RULE…`.
    pub async fn set_user(&self, line: &str) {
        let mut connection = connect(&self.url()).await;
        let mut command = redis::cmd("ACL");
        command.arg("SETUSER");
        for part in line.split_whitespace().skip(1) {
            command.arg(part);
        }
        let () = command.query_async(&mut connection).await.expect("the user is created");
    }

    /// Sends SIGKILL. Everything that it has confirmed is in its append-only file, at least in the kernel's cache.
    pub async fn kill(&mut self) {
        if let Some(server) = self.server.take() {
            server.kill().await;
        }
    }

    /// Stops it with SIGSTOP: connections stay open, and it does not answer.
    pub fn freeze(&self) {
        self.signal(Signal::SIGSTOP);
    }

    /// Continues it after [`Self::freeze`].
    pub fn resume(&self) {
        self.signal(Signal::SIGCONT);
    }

    /// Starts it again after [`Self::kill`], and waits until it answers.
    pub async fn restart(&mut self) {
        assert!(self.server.is_none(), "it runs");
        let port = self.port.to_string();
        let mut command = Command::new(services::redis_server());
        command.current_dir(self.directory.path());
        command.args(["--bind", "127.0.0.1", "--port", &port, "--appendonly", "yes", "--save", ""]);
        command.args(["--maxmemory-policy", "noeviction"]);
        let server = Process::start("redis", self.directory.path(), &mut command);
        let url = self.url();
        until_true("Redis to serve", SOON, || async {
            assert!(server.status().is_none(), "Redis ended:\n{}", server.log());
            serves(&url).await
        })
        .await;
        self.server = Some(server);
    }

    fn signal(&self, signal: Signal) {
        self.server.as_ref().expect("it runs").signal(signal);
    }
}

async fn serves(url: &str) -> bool {
    let Ok(mut connection) = try_connect(url).await else { return false };
    // While it reads its file, it answers with an error.
    redis::cmd("PING").query_async::<String>(&mut connection).await.is_ok()
}

pub(crate) async fn try_connect(url: &str) -> redis::RedisResult<MultiplexedConnection> {
    let config = AsyncConnectionConfig::new().set_response_timeout(Some(ANSWER));
    Client::open(url)?.get_multiplexed_async_connection_with_config(&config).await
}

/// A connection to read or change data.
pub async fn connect(url: &str) -> MultiplexedConnection {
    try_connect(url).await.unwrap_or_else(|error| panic!("Redis does not answer: {error}"))
}

/// All keys with a prefix, and their values as they are stored.
pub async fn contents(url: &str, prefix: &str) -> Vec<(String, Vec<u8>)> {
    let mut connection = connect(url).await;
    let mut contents = Vec::new();
    let mut cursor = 0_u64;
    loop {
        let (next, keys): (u64, Vec<String>) = redis::cmd("SCAN")
            .arg(cursor)
            .arg("MATCH")
            .arg(format!("{prefix}*"))
            .arg("COUNT")
            .arg(1000)
            .query_async(&mut connection)
            .await
            .expect("keys can be listed");
        for key in keys {
            let value = value(&mut connection, &key).await;
            contents.push((key, value));
        }
        cursor = next;
        if cursor == 0 {
            return contents;
        }
    }
}

/// The bytes of a value: all its fields or members in a row.
async fn value(connection: &mut MultiplexedConnection, key: &str) -> Vec<u8> {
    let kind: String =
        redis::cmd("TYPE").arg(key).query_async(connection).await.expect("a key has a type");
    let mut read = redis::cmd(match kind.as_str() {
        "string" => "GET",
        "hash" => "HGETALL",
        "set" => "SMEMBERS",
        "list" => "LRANGE",
        "zset" => "ZRANGE",
        "stream" => return stream(connection, key).await,
        // The key has just expired.
        "none" => return Vec::new(),
        other => panic!("{key} is a {other}: this function cannot read it yet"),
    });
    read.arg(key);
    if matches!(kind.as_str(), "list" | "zset") {
        read.arg(0).arg(-1);
    }
    if kind == "string" {
        let value: Option<Vec<u8>> = read.query_async(connection).await.expect("a string is read");
        return value.unwrap_or_default();
    }
    let values: Vec<Vec<u8>> = read.query_async(connection).await.expect("a collection is read");
    values.join(&b'\n')
}

/// The values of a stream's entries in a row.
async fn stream(connection: &mut MultiplexedConnection, key: &str) -> Vec<u8> {
    let mut read = redis::cmd("XRANGE");
    read.arg(key).arg("-").arg("+");
    let entries: Vec<(String, Vec<Vec<u8>>)> =
        read.query_async(connection).await.expect("a stream is read");
    let values = entries.into_iter().flat_map(|(_, fields)| fields.into_iter().skip(1).step_by(2));
    values.collect::<Vec<_>>().join(&b'\n')
}

/// Writes a text under a key, whatever was there.
pub async fn set(url: &str, key: &str, value: &str) {
    let mut connection = connect(url).await;
    let set = redis::cmd("SET").arg(key).arg(value).query_async::<()>(&mut connection).await;
    set.expect("a key can be written");
}

/// Repeats the newest entry of a stream so many times.
pub async fn repeat_newest(url: &str, stream: &str, times: u32) {
    const SCRIPT: &str = "
        local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1][2]
        for _ = 1, ARGV[1] do redis.call('XADD', KEYS[1], '*', unpack(newest)) end";
    let mut connection = connect(url).await;
    let mut repeat = redis::cmd("EVAL");
    repeat.arg(SCRIPT).arg(1).arg(stream).arg(times);
    repeat.query_async::<()>(&mut connection).await.expect("a stream has entries");
}

/// Deletes the keys whose name has `word` after the prefix; there must be at least one.
pub async fn forget(url: &str, prefix: &str, word: &str) {
    let mut connection = connect(url).await;
    let keys = contents(url, prefix).await.into_iter().map(|(key, _)| key);
    let keys: Vec<_> = keys.filter(|key| key[prefix.len()..].contains(word)).collect();
    assert!(!keys.is_empty(), "no key with the prefix {prefix} contains {word}");
    let removed = redis::cmd("DEL").arg(keys).query_async::<()>(&mut connection).await;
    removed.expect("keys can be removed");
}
