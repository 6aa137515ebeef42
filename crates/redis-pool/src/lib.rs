//! Connections to Redis: to one server, or to the master that Redis Sentinel names.
//!
//! - `server`: [`RedisServer`], where Redis is.
//! - `manager`: [`pool`] makes a [`Pool`], whose connections are to the present master: one that has become a
//!   replica is closed, and the sentinels are asked anew.
//! - `replication`: [`AwaitedReplicas`] waits until replicas have what was written.
//! - `sentinels`: [`ask_sentinels`] asks each sentinel what it knows, for operators.

mod manager;
mod replication;
mod sentinels;
mod server;

pub use manager::{Connection, Manager, Pool, PoolError, pool};
pub use replication::{AwaitedReplicas, REPLICATION_TIME};
pub use sentinels::{KnownMaster, SentinelAnswer, ask_sentinels};
pub use server::{RedisServer, SentinelAddress, SentinelSettings};
