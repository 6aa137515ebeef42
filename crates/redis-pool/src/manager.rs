//! The pool, whose connections are to one server or to the present master.

use std::fmt;
use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::{self, Metrics, Object, RecycleError, RecycleResult};
use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::sentinel::SentinelClient;
use deadpool_redis::redis::{AsyncConnectionConfig, ErrorKind, RedisError, RedisResult, Role, cmd};
use secrecy::ExposeSecret;
use tokio::sync::Mutex;

use crate::replication::AwaitedReplicas;
use crate::server::RedisServer;

/// How long Redis may take to accept a connection, and to answer.
const TIMEOUT: Duration = Duration::from_secs(2);

/// How long it may take to make a connection: sentinels that do not answer come before it.
const CREATE_TIMEOUT: Duration = Duration::from_secs(3);

/// The most connections of a pool.
const POOL_SIZE: usize = 16;

/// Connections to Redis.
pub type Pool = managed::Pool<Manager>;

/// A connection of a [`Pool`]; it returns there when it is dropped.
pub type Connection = Object<Manager>;

/// Why a pool has no connection.
pub type PoolError = managed::PoolError<RedisError>;

/// Makes connections, and checks one before it is used again.
pub struct Manager {
    source: Source,
    awaited_replicas: AwaitedReplicas,
    client_name: String,
}

enum Source {
    Server(Box<deadpool_redis::Manager>),
    Master(Box<Master>),
}

/// The master, as the sentinels know it.
struct Master {
    name: String,
    sentinels: Mutex<SentinelClient>,
}

/// A pool of connections to that Redis, which have this name in its list of clients; nothing is connected yet.
///
/// # Errors
/// Where Redis' client cannot use the URL or the sentinels.
pub fn pool(
    server: &RedisServer,
    awaited_replicas: AwaitedReplicas,
    client_name: String,
) -> RedisResult<Pool> {
    let source = match server {
        RedisServer::Url(url) => {
            let (url, config) = (url.expose_secret(), connection_config());
            Source::Server(Box::new(deadpool_redis::Manager::new_with_config(url, config)?))
        }
        RedisServer::Sentinels(settings) => Source::Master(Box::new(Master {
            name: settings.master.clone(),
            sentinels: Mutex::new(settings.client()?),
        })),
    };
    Pool::builder(Manager { source, awaited_replicas, client_name })
        .max_size(POOL_SIZE)
        .wait_timeout(Some(TIMEOUT))
        .create_timeout(Some(CREATE_TIMEOUT))
        .recycle_timeout(Some(TIMEOUT))
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|error| {
            RedisError::from((ErrorKind::InvalidClientConfig, "no pool", error.to_string()))
        })
}

/// The time limits of a connection.
pub(crate) fn connection_config() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new()
        .set_connection_timeout(Some(TIMEOUT))
        .set_response_timeout(Some(TIMEOUT))
}

impl Manager {
    /// The replicas that must have what is written before something outside of Redis rests on it.
    #[must_use]
    pub const fn awaited_replicas(&self) -> &AwaitedReplicas {
        &self.awaited_replicas
    }
}

impl managed::Manager for Manager {
    type Type = MultiplexedConnection;
    type Error = RedisError;

    async fn create(&self) -> RedisResult<MultiplexedConnection> {
        let mut connection = match &self.source {
            Source::Server(server) => server.create().await,
            Source::Master(master) => master.connect().await,
        }?;
        // A server that refuses the name serves everything else.
        let mut named = cmd("CLIENT");
        let _ = named.arg("SETNAME").arg(&self.client_name).exec_async(&mut connection).await;
        Ok(connection)
    }

    async fn recycle(
        &self,
        connection: &mut MultiplexedConnection,
        metrics: &Metrics,
    ) -> RecycleResult<RedisError> {
        match &self.source {
            Source::Server(server) => server.recycle(connection, metrics).await,
            // After a failover, the old master is a replica. It refuses writes, and answers reads with what it has.
            Source::Master(_) => match cmd("ROLE").query_async(connection).await? {
                Role::Primary { .. } => Ok(()),
                Role::Replica { .. } | Role::Sentinel { .. } => {
                    Err(RecycleError::message("it is not the master any more"))
                }
                _ => Err(RecycleError::message("its role is not known")),
            },
        }
    }
}

impl Master {
    async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        // The lock ends before connecting, so that a master that does not answer holds up one caller.
        let found = self.sentinels.lock().await.async_get_client().await;
        let client = found.map_err(|error| {
            let what = format!("{:?}: {error}", self.name);
            RedisError::from((error.kind(), "the sentinels give no master of the name", what))
        })?;
        client.get_multiplexed_async_connection_with_config(&connection_config()).await
    }
}

impl fmt::Debug for Manager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = match &self.source {
            Source::Server(_) => "one server",
            Source::Master(_) => "the master of sentinels",
        };
        f.debug_struct("Manager").field("source", &source).finish_non_exhaustive()
    }
}
