//! The publisher against a real broker. Every test has a virtual host of its own.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod authentication;
mod blocked;
mod connecting;
mod dead_letters;
mod expired;
mod fixtures;
mod inspecting;
mod losing;
mod parked_headers;
mod parking;
mod parking_broker;
mod properties;
mod proxy;
mod publishing;
mod replays;
mod topology;
mod virtual_host;
