//! The publisher against a real broker. Every test has a virtual host of its own.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod connecting;
mod dead_letters;
mod inspecting;
mod link;
mod losing;
mod parking;
mod publishing;
mod replays;
mod topology;
mod virtual_host;
