//! The simulator over real HTTP: what the platform refuses, it refuses, and faults are real ones.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests; .clippy.toml's permission does not reach their helpers"
)]

mod activation;
mod answer;
mod control;
mod faults;
mod guest_keys;
mod identity;
mod lists;
mod locking;
mod program;
mod rig;
mod sign_in;
