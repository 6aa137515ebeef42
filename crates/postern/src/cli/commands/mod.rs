//! The commands, each in a file or folder of its own.

pub(crate) mod audit;
pub(crate) mod booking;
pub(crate) mod check_config;
pub(crate) mod check_event;
pub(crate) mod completions;
pub(crate) mod console;
pub(crate) mod dlq;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod guest_key;
pub(crate) mod integration;
pub(crate) mod iq;
pub(crate) mod listen;
pub(crate) mod lock;
pub(crate) mod login;
pub(crate) mod man_pages;
pub(crate) mod mapping;
pub(crate) mod pause;
pub(crate) mod publish;
pub(crate) mod ready;
pub(crate) mod secrets;
mod signals;
pub(crate) mod site;
pub(crate) mod tail;
pub(crate) mod worker;
