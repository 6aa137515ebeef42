//! What is printed on the terminal and read from it.

pub(crate) mod event_text;
pub(crate) mod observer;
pub(crate) mod output;
mod progress;
pub(crate) mod secret_input;
mod table;
pub(crate) mod text;
