//! What the operator sees: health, metrics, log lines, and the records that commands read.

pub(crate) mod health;
mod health_server;
pub(crate) mod key_rotation;
pub(crate) mod lookup;
pub(crate) mod message_span;
pub(crate) mod metrics;
pub(crate) mod next_step;
pub(crate) mod settled;
