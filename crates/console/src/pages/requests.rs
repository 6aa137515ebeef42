//! Decided requests, by booking, object or request.

use axum::{extract::State, http::Uri, response::Response};
use maud::html;

use super::{
    decisions::{field, further_back, table},
    layout,
};
use crate::{
    access::caller::Caller,
    api::audit::is_decision,
    app::App,
    audit_search::{AuditFilter, find},
    extract::QueryParameters,
    problem::Problem,
};

pub(crate) async fn page(
    State(app): State<App>,
    caller: Caller,
    uri: Uri,
    QueryParameters(filter): QueryParameters<AuditFilter>,
) -> Result<Response, Problem> {
    // A single request is shown with its confirmation.
    let single = filter.request.is_some();
    let found = find(&app, &caller, &filter, |entry| single || is_decision(entry)).await?;
    let empty = "No request matches. A request is here once it is decided; postern tail shows answers as they come.";
    let content = html! {
        form .filter method="get" action="/requests" role="search" aria-label="Requests" {
            (field("integration", "Integration", filter.integration.as_deref()))
            (field("booking", "Booking", filter.booking.as_deref()))
            (field("object", "Object", filter.object.as_deref()))
            (field("request", "Request", filter.request.as_deref()))
            button type="submit" { "Search" }
            a href="/requests" { "Show all" }
        }
        (table("Decided requests, the newest first", &found.entries, empty))
        (further_back(&uri, &found))
    };
    Ok(layout::page(&caller, "/requests", "Requests", &content))
}
