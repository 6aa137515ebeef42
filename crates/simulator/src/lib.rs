//! A simulator of Salto KS' cloud: what the platform refuses, the simulator refuses too. It shares no
//! code with the client that is tested against it.
//!
//! The modules, each using only those above it:
//!
//! - `clock`, `constant_time`, [`otp`]: time, comparison of secrets, one-time passwords
//! - `wire`: answers, refusals, request headers, connections that can be broken
//! - [`world`]: clients, accounts, sites, IQs and locks, as a world file has them
//! - `faults`: the faults that are on, and the calls that they apply to
//! - `records`: what happened
//! - [`output`]: lines on standard output
//! - `cloud`: the state of both hosts
//! - `booking_system`: a booking system in front of postern, for trials
//! - `middleware`: what every request and answer passes
//! - `identity`, `connect`, `control`, `page`: the routes of the two hosts, of the control API, and of
//!   the page
//! - the server
//!
//! What the platform does is described in `docs/salto-ks.md`.

mod booking_system;
mod clock;
mod cloud;
mod connect;
mod constant_time;
mod control;
mod faults;
mod identity;
mod middleware;
pub mod otp;
pub mod output;
mod page;
mod records;
mod server;
mod wire;
pub mod world;

pub use booking_system::{BookingSystemSettings, BrokerUrlError};
pub use server::{Simulator, StartError};
