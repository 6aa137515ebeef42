//! Arguments that several commands share.

pub(crate) mod confirmation;
pub(crate) mod global;
pub(crate) mod integration;
pub(crate) mod listening;
pub(crate) mod output_format;
pub(crate) mod time_argument;
