//! The modelled system: workers that handle the copies of one request over one Redis and one RabbitMQ.

mod action;
mod history;
mod model;
mod normalise;
pub mod property;
mod recovery;
mod redis;
mod setup;
mod state;
mod transitions;
mod verdict;

pub use action::{Acknowledged, Action, Decision, Reply, SaltoAnswer};
pub use history::{Broken, History};
pub use setup::{Budget, EXPIRY, FRESHNESS, LEASE, RESEND, RETENTION, Setup};
pub use state::{Grant, LateOperation, MessageCopy, Step, System, Task, WorkerState};
