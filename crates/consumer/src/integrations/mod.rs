//! The integrations: what the configuration says of them, and what this worker keeps per integration and
//! IQ in memory.

pub(crate) mod denied_logs;
pub(crate) mod iq_queue;
pub(crate) mod registry;
