//! The page as an answer.

use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use super::render;
use super::view::PageView;

/// Style and script come from this server, and nothing else is loaded.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

pub(super) fn answer(status: StatusCode, view: &PageView) -> Response {
    let headers = [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (status, headers, Html(render::page(view).into_string())).into_response()
}
