//! RabbitMQ, inward: takes booking statuses and open requests, and sees each through to its end.
//!
//! The way of an open request reads top to bottom in [`message`]:
//! decode → claim → decide → open → conclude → report → settle, one file each. A booking status
//! takes the same road with fewer stops, in [`booking_status`].
//!
//! - [`run`] is the worker; [`settings`] is what it must be told.
//! - [`session`] keeps it subscribed: two connections, built anew as a whole when anything fails.
//! - [`ledger`] knows in Redis who acts on a request and what came of it; [`bookings`] the newest
//!   state of every booking; [`store`] is the connection to Redis.
//! - [`lookup`] tells commands what is known of a message that has not come yet.
//! - [`health`] and [`metrics`] tell the operator.

mod booking_status;
mod bookings;
mod claim;
mod conclude;
mod dead_letter;
mod decode;
mod directory;
mod failpoint;
mod failure;
mod feed;
mod health;
mod intake;
mod keys;
mod ledger;
mod line;
mod lookup;
mod message;
mod metrics;
mod open;
mod pursuit;
mod report;
mod session;
mod settings;
mod store;
mod vigil;
mod worker;

pub use lookup::Lookup;
pub use settings::{
    BrokerSettings, IntegrationSettings, OpeningSettings, RedisSettings, RetentionSettings,
    Settings, claim_lease,
};
pub use store::{Store, StoreError};
pub use worker::{RunError, run};
