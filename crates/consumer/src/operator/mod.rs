//! What the operator sees: health, metrics, log lines, traces, and the records that commands read.

mod answer;
pub(crate) mod health;
mod health_server;
pub(crate) mod key_rotation;
pub(crate) mod lookup;
pub(crate) mod message_span;
pub(crate) mod metrics;
pub(crate) mod next_step;
pub(crate) mod settled;
pub(crate) mod trace_spans;
