//! The Redis of a test: the one at `POSTERN_REDIS_URL`, else a process of its own.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use deadpool_redis::redis::cmd;
use redis_pool::{AwaitedReplicas, Pool, RedisServer, pool};
use tempfile::TempDir;
use uuid::Uuid;

pub(super) struct Redis {
    url: String,
    /// Begins every key of this test.
    pub(super) prefix: String,
    private: Option<(Child, TempDir)>,
}

impl Redis {
    pub(super) async fn start() -> Self {
        let prefix = format!("test-{}:", Uuid::new_v4());
        if let Ok(url) = std::env::var("POSTERN_REDIS_URL") {
            return Self { url, prefix, private: None };
        }
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("redis.sock");
        let child = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket"])
            .arg(&socket)
            .current_dir(directory.path())
            .stdout(Stdio::null())
            .spawn()
            .expect("these tests need redis-server in PATH, or a Redis at POSTERN_REDIS_URL");
        let url = format!("unix://{}", socket.display());
        let redis = Self { url, prefix, private: Some((child, directory)) };
        let deadline = Instant::now() + Duration::from_secs(10);
        while !socket.exists() || redis.ping().await.is_none() {
            assert!(Instant::now() < deadline, "redis-server does not answer");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        redis
    }

    /// A new pool, like that of another process.
    pub(super) fn pool(&self) -> Pool {
        let replicas = AwaitedReplicas { count: 0, key: String::new() };
        pool(&RedisServer::Url(self.url.as_str().into()), replicas, "postern:test".to_owned())
            .unwrap()
    }

    async fn ping(&self) -> Option<()> {
        let mut connection = self.pool().get().await.ok()?;
        cmd("PING").query_async::<()>(&mut *connection).await.ok()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        if let Some((child, _)) = &mut self.private {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
