//! The filter for incoming frames, against the parser of the client.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bodies;
mod frames;
mod properties;
mod repairs;
mod splits;
