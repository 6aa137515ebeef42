//! The console: an HTTP server for people, who look at pages, and for programs, which use an API.
//!
//! - [`server`] listens, with TLS where it has a certificate, and limits connections.
//! - [`routing`] is the table of all routes, each with what it needs; the [`routing::router`] is made of it, and so
//!   is the [`openapi`] document.
//! - [`access`] says who calls: passwords, sessions, tokens, and what protects forms.
//! - [`current`] are the integrations as they are now, which other processes may change.
//! - [`audit_search`], [`doors`], [`health`] and the [`feed`] of new lines put together what handlers show.
//! - [`api`] and [`pages`] are the handlers. They use the [`app`], which is everything that a console keeps, and
//!   answer each error with a [`problem`]. [`jobs`] is long work.

mod access;
mod api;
mod app;
mod app_error;
mod audit_search;
mod checklist;
mod current;
mod doors;
mod extract;
mod feed;
mod health;
mod jobs;
mod openapi;
mod pages;
mod passwords;
mod problem;
mod routing;
mod server;

pub use access::token::{NewToken, new_token};
pub use app_error::AppError;
pub use openapi::document;
pub use passwords::hash_password;
pub use routing::rules::{RouteRule, rules};
pub use server::{RunError, run};
