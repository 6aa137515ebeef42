//! The setup of an installation from i-Reserve's checklist to the first opened door, with the commands that an operator
//! types; and the messages for everything that can go wrong.
//!
//! [`walkthrough`] is the whole setup without mistakes. The other modules test the mistakes and faults, in the order of
//! the setup; what other end-to-end tests assert is not repeated here.

mod activation;
mod command_output;
mod configuration;
mod door;
mod fixture;
mod servers;
mod sign_in;
mod site;
mod walkthrough;
