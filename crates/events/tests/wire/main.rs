//! The crate from outside: the corpus of `schemas/samples`, the generated documents, hostile bodies,
//! and events that go round.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests, also in what they share")]

mod corpus;
mod hostile;
mod round_trip;
mod samples;
mod schemas;
