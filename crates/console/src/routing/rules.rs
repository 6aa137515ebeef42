//! The rule of every route, for tests and documents.

use axum::http::Method;
use config::Role;

use super::{route::Access, table::table};

/// What a route needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteRule {
    /// The method.
    pub method: Method,
    /// The path, with its parameters in braces.
    pub path: &'static str,
    /// The role that it needs; none where everybody may use it.
    pub role: Option<Role>,
    /// Whether the caller's grant must cover the integration that the path names.
    pub of_integration: bool,
}

/// The rules of all routes, in the order of the table.
#[must_use]
pub fn rules() -> Vec<RouteRule> {
    let rules = table().into_iter().map(|route| {
        let (role, of_integration) = match route.access {
            Access::Public => (None, false),
            Access::Role(role) => (Some(role), false),
            Access::Integration(role) => (Some(role), true),
        };
        RouteRule { method: route.method, path: route.path, role, of_integration }
    });
    rules.collect()
}
