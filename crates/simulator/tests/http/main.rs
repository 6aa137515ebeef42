//! Tests of the simulator over HTTP: what the platform refuses, the simulator refuses too, and faults
//! show on the connection.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests; .clippy.toml allows these in test functions only, not in their fixtures"
)]

mod activation;
mod answer;
mod control;
mod faults;
mod fixtures;
mod guest_keys;
mod hub;
mod identity;
mod lists;
mod locking;
mod page;
mod program;
mod sign_in;
