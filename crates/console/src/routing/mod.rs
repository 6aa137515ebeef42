//! The routes: [`table`] declares each once, with its method, its path, what it needs and what the API's document
//! says of it. [`guard`] is what stands before each of them.

pub(crate) mod described;
mod guard;
mod headers;
mod operations;
mod pages;
mod present;
pub(crate) mod route;
pub(crate) mod router;
pub(crate) mod rules;
pub(crate) mod table;
