//! The console: who may do what, what protects sessions and forms, and what pages and the API show.

mod audit;
mod content;
mod integrations;
mod operations;
mod pages;
mod roles;
mod sessions;
