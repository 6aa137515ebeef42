//! The audit, with the filters of the command.

use axum::{extract::State, http::Uri, response::Response};
use chrono::{DateTime, Utc};
use consumer::audit::AuditOutcome;
use maud::{Markup, html};

use super::{
    decisions::{field, further_back, table},
    layout,
};
use crate::{
    access::caller::Caller,
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
    let found = find(&app, &caller, &filter, |_| true).await?;
    let content = html! {
        (form(&filter))
        (table("Lines of the audit, the newest first", &found.entries, "No line matches."))
        (further_back(&uri, &found))
    };
    Ok(layout::page(&caller, "/audit", "Audit", &content))
}

fn form(filter: &AuditFilter) -> Markup {
    html! {
        form .filter method="get" action="/audit" role="search" aria-label="Audit" {
            (field("integration", "Integration", filter.integration.as_deref()))
            (field("booking", "Booking", filter.booking.as_deref()))
            (field("object", "Object", filter.object.as_deref()))
            (field("lock", "Lock", filter.lock.as_deref()))
            (field("requested_by", "Requested by", filter.requested_by.as_deref()))
            (field("request", "Request", filter.request.as_deref()))
            div {
                label for="outcome" { "Outcome" }
                select #outcome name="outcome" {
                    option value="" { "any" }
                    @for outcome in AuditOutcome::ALL.map(AuditOutcome::code) {
                        option value=(outcome) selected[filter.outcome.as_deref() == Some(outcome)] { (outcome) }
                    }
                }
            }
            (field("reason", "Reason", filter.reason.as_deref()))
            (field("action", "Action", filter.action.as_deref()))
            (field("operator", "Done by", filter.operator.as_deref()))
            (time("since", "From (UTC)", filter.since))
            (time("until", "Before (UTC)", filter.until))
            button type="submit" { "Search" }
            a href="/audit" { "Show all" }
        }
    }
}

fn time(name: &str, label: &str, at: Option<DateTime<Utc>>) -> Markup {
    let value = at.map(|at| at.format("%Y-%m-%dT%H:%M:%S").to_string()).unwrap_or_default();
    html! {
        div {
            label for=(name) { (label) }
            input id=(name) name=(name) type="datetime-local" step="1" value=(value);
        }
    }
}
