//! The integrations: what the configuration says of them, what this worker keeps per integration and
//! IQ in memory, and whether their doors can be opened.

pub(crate) mod command_queue;
pub(crate) mod denied_logs;
pub(crate) mod door_check;
mod known;
pub(crate) mod lock_availability;
pub(crate) mod lock_names;
pub(crate) mod registry;
pub(crate) mod stored;
