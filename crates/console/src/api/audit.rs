//! The audit: what was decided, and what people did.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use consumer::audit::AuditEntry;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    access::caller::Caller,
    app::App,
    audit_search::{AuditFilter, Found, find},
    extract::QueryParameters,
    problem::Problem,
};

/// Lines of the audit, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditList {
    /// The lines.
    lines: Vec<AuditLine>,
    /// Where there are more, or may be: ask with it as `before`, and with the same filters. One answer searches a
    /// limited number of lines, so that it may have none and yet a `next`.
    next: Option<String>,
}

impl From<Found> for AuditList {
    fn from(found: Found) -> Self {
        let lines = found.entries.into_iter().map(AuditLine::from).collect();
        Self { lines, next: found.next.map(|position| position.to_string()) }
    }
}

/// A line of the audit: a decided request, the confirmation of an opening, or an action of a person or a program.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditLine {
    /// The id of the line.
    id: Uuid,
    /// When it was decided or done.
    at: DateTime<Utc>,
    /// The integration; empty where an action concerns none.
    integration_id: String,
    /// What the person or program did, such as `sign-in`; null for a decision.
    action: Option<String>,
    /// The booking; empty where there is none.
    booking_id: String,
    /// The object.
    object_id: Option<String>,
    /// The request's own reference to a person.
    requested_by: Option<String>,
    /// Who opened the door by a command, or did the action.
    operator: Option<String>,
    /// Why, in that person's words.
    operator_reason: Option<String>,
    /// `id` of the request.
    request_id: String,
    /// `source` of the request.
    request_source: String,
    /// `opened`, `rejected`, `failed` or `confirmed`; of a change of an integration `changed`, of another action `done` or `refused`.
    outcome: &'static str,
    /// The rejected or failed reason.
    reason: Option<String>,
    /// The reason in plain words.
    detail: Option<String>,
    /// When the booking's doors open, where the request came too early.
    opens_at: Option<DateTime<Utc>>,
    /// The lock.
    lock_id: Option<Uuid>,
    /// The IQ that reaches the lock.
    iq_id: Option<String>,
    /// Commands written to Salto for the request.
    attempts: u32,
    /// When the lock opened, by Salto's own record.
    opened_at: Option<DateTime<Utc>>,
    /// The paths of the settings that changed, where the line is about a change of an integration; 100 at most.
    changed: Option<Vec<String>>,
    /// Whether the request was rehearsed, so that no door opened.
    rehearsal: bool,
    /// The status of the booking when it was decided.
    booking_status: Option<String>,
    /// The begin of the booked time.
    starts_at: Option<DateTime<Utc>>,
    /// The end of the booked time.
    ends_at: Option<DateTime<Utc>>,
}

impl From<AuditEntry> for AuditLine {
    fn from(entry: AuditEntry) -> Self {
        let inputs = entry.inputs;
        Self {
            id: entry.id,
            at: entry.at,
            integration_id: entry.integration_id,
            action: entry.action,
            booking_id: entry.booking_id,
            object_id: entry.object_id,
            requested_by: entry.requested_by,
            operator: entry.operator,
            operator_reason: entry.operator_reason,
            request_id: entry.request_id,
            request_source: entry.request_source,
            outcome: entry.outcome.code(),
            reason: entry.reason,
            detail: entry.detail,
            opens_at: entry.opens_at,
            lock_id: entry.lock_id,
            iq_id: entry.iq_id,
            attempts: entry.attempts,
            opened_at: entry.opened_at,
            changed: entry.change.map(|it| it.settings.into_iter().map(|it| it.key).collect()),
            rehearsal: entry.rehearsal,
            booking_status: inputs.as_ref().and_then(|it| it.booking_status.clone()),
            starts_at: inputs.as_ref().and_then(|it| it.starts_at),
            ends_at: inputs.as_ref().and_then(|it| it.ends_at),
        }
    }
}

pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    QueryParameters(filter): QueryParameters<AuditFilter>,
) -> Result<Json<AuditList>, Problem> {
    let found = find(&app, &caller, &filter, |_| true).await?;
    Ok(Json(found.into()))
}

/// Decided requests only: neither confirmations nor actions.
pub(crate) async fn requests(
    State(app): State<App>,
    caller: Caller,
    QueryParameters(filter): QueryParameters<AuditFilter>,
) -> Result<Json<AuditList>, Problem> {
    let found = find(&app, &caller, &filter, is_decision).await?;
    Ok(Json(found.into()))
}

/// Whether the line is the decision about a request.
pub(crate) fn is_decision(entry: &AuditEntry) -> bool {
    entry.action.is_none()
        && entry.change.is_none()
        && entry.outcome != consumer::audit::AuditOutcome::Confirmed
}
