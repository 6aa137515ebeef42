//! A route: it cannot be declared without what it needs.

use axum::{
    handler::Handler,
    http::Method,
    routing::{MethodFilter, MethodRouter, on},
};
use config::Role;

use super::described::Described;
use crate::app::App;

/// What the API's paths begin with.
pub(crate) const API: &str = "/api/v1/";
/// The parameter of a path that names the integration.
pub(crate) const INTEGRATION: &str = "integration";

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everybody, signed in or not.
    Public,
    /// Callers of this role or a higher one. What concerns integrations outside the caller's grant, the handler
    /// leaves out.
    Role(Role),
    /// Callers of this role or a higher one whose grant covers the integration that the path names.
    Integration(Role),
}

/// A method of a path, and who may use it.
pub(crate) struct Route {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) access: Access,
    pub(crate) handler: MethodRouter<App>,
    /// What the API's document says of it; none where it is a page.
    pub(crate) described: Option<Described>,
}

impl Route {
    pub(crate) fn get<T: 'static>(
        path: &'static str,
        access: Access,
        handler: impl Handler<T, App>,
    ) -> Self {
        Self {
            method: Method::GET,
            path,
            access,
            handler: on(MethodFilter::GET, handler),
            described: None,
        }
    }

    pub(crate) fn post<T: 'static>(
        path: &'static str,
        access: Access,
        handler: impl Handler<T, App>,
    ) -> Self {
        Self {
            method: Method::POST,
            path,
            access,
            handler: on(MethodFilter::POST, handler),
            described: None,
        }
    }

    pub(crate) fn put<T: 'static>(
        path: &'static str,
        access: Access,
        handler: impl Handler<T, App>,
    ) -> Self {
        Self {
            method: Method::PUT,
            path,
            access,
            handler: on(MethodFilter::PUT, handler),
            described: None,
        }
    }

    pub(crate) fn delete<T: 'static>(
        path: &'static str,
        access: Access,
        handler: impl Handler<T, App>,
    ) -> Self {
        Self {
            method: Method::DELETE,
            path,
            access,
            handler: on(MethodFilter::DELETE, handler),
            described: None,
        }
    }

    /// With what the API's document says of it.
    pub(crate) fn described(self, described: Described) -> Self {
        Self { described: Some(described), ..self }
    }
}

/// The names of a path's parameters.
pub(crate) fn parameters(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}
