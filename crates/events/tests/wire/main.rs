//! The crate from outside: the corpus of `schemas/samples`, the generated documents, hostile bodies,
//! events written and read back, and the entries of the runbook and of the guide for publishers.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests, also in what they share")]

mod binary_mode;
mod corpus;
mod hostile;
mod publishing;
mod round_trip;
mod runbook;
mod samples;
mod schemas;
