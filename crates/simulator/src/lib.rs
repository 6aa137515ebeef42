//! A simulator of Salto KS' cloud, strict enough to be trusted: what the platform refuses, it
//! refuses. It shares no code with the client that is tested against it.
//!
//! - [`world`]: what there is: clients, accounts, sites, IQs, locks
//! - [`otp`]: the one-time passwords, computed anew
//! - `identity`, `connect`: the two hosts
//! - `cloud`: their state, tokens, and the records of what happened
//! - `faults`: delays, wrong answers and broken connections on demand
//! - `control`: the API by which tests and people switch and read all this
//! - [`announce`]: lines on standard output
//!
//! Sources of what is said about the platform: \[S1\] Salto's text on integration types, \[D\] its
//! public developer pages, \[M\] measured against the acceptance environment.

pub mod announce;
mod answer;
mod clock;
mod cloud;
mod connect;
mod control;
mod faults;
mod identity;
pub mod otp;
mod otp_window;
mod page;
mod same_text;
mod server;
pub mod world;

pub use server::{Simulator, StartError};
