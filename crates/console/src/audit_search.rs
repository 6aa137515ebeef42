//! Finding lines of the audit in Redis, the newest first.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use consumer::{
    AuditSink,
    audit::{AuditCriteria, AuditEntry, AuditPosition},
};
use serde::{Deserialize, Deserializer, de::Error};
use utoipa::IntoParams;
use uuid::Uuid;

use crate::{access::caller::Caller, app::App, problem::Problem};

/// The most that is looked at for one answer. It says where to search on.
const MOST_READ: usize = 50_000;
const LONGEST: Duration = Duration::from_secs(3);
/// The time in which one of the searches before has to end.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// Lines in an answer, unless asked for another number, and at most.
const USUAL: usize = 100;
const MOST: usize = 500;

/// Which lines are wanted. A filter that is empty selects all, as the field of a form does.
#[derive(Debug, Default, Clone, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AuditFilter {
    /// Only lines about this integration.
    #[serde(deserialize_with = "text")]
    pub(crate) integration: Option<String>,
    /// Only lines about this booking.
    #[serde(deserialize_with = "text")]
    pub(crate) booking: Option<String>,
    /// Only lines about this object.
    #[serde(deserialize_with = "text")]
    pub(crate) object: Option<String>,
    /// Only lines about the lock with this id.
    #[serde(deserialize_with = "text")]
    pub(crate) lock: Option<String>,
    /// Only requests by this reference.
    #[serde(deserialize_with = "text")]
    pub(crate) requested_by: Option<String>,
    /// Only the request with this id.
    #[serde(deserialize_with = "text")]
    pub(crate) request: Option<String>,
    /// Only this outcome, such as `opened` or `failed`.
    #[serde(deserialize_with = "text")]
    pub(crate) outcome: Option<String>,
    /// Only this reason, such as `too_early`.
    #[serde(deserialize_with = "text")]
    pub(crate) reason: Option<String>,
    /// Only this action of people, such as `sign-in`.
    #[serde(deserialize_with = "text")]
    pub(crate) action: Option<String>,
    /// Only actions of this person or program.
    #[serde(deserialize_with = "text")]
    pub(crate) operator: Option<String>,
    /// Only lines at this time or later.
    #[serde(deserialize_with = "time")]
    pub(crate) since: Option<DateTime<Utc>>,
    /// Only lines before this time.
    #[serde(deserialize_with = "time")]
    pub(crate) until: Option<DateTime<Utc>>,
    /// Only lines further back than this place: `next` of an answer with the same filters.
    #[serde(deserialize_with = "position")]
    #[param(value_type = Option<String>)]
    pub(crate) before: Option<AuditPosition>,
    /// The most lines in the answer, 1 to 500; 100 without.
    #[serde(deserialize_with = "limit")]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500)]
    pub(crate) limit: Option<usize>,
}

/// The empty text of a form's field is no filter.
fn text<'de, D: Deserializer<'de>>(field: D) -> Result<Option<String>, D::Error> {
    let text = Option::<String>::deserialize(field)?;
    Ok(text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()))
}

/// With a zone, or as a field of a form has it: in UTC, without seconds perhaps.
fn time<'de, D: Deserializer<'de>>(field: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    let Some(text) = text(field)? else { return Ok(None) };
    let with_zone = [text.clone(), format!("{text}Z"), format!("{text}:00Z")];
    let mut times = with_zone.iter().filter_map(|text| DateTime::parse_from_rfc3339(text).ok());
    let time = times.next().ok_or_else(|| {
        D::Error::custom("a time must be in RFC 3339, such as 2026-11-22T10:00:00Z")
    })?;
    Ok(Some(time.to_utc()))
}

fn position<'de, D: Deserializer<'de>>(field: D) -> Result<Option<AuditPosition>, D::Error> {
    let Some(text) = text(field)? else { return Ok(None) };
    let wrong = |error| D::Error::custom(format!("before: {text:?} is {error}"));
    text.parse().map(Some).map_err(wrong)
}

fn limit<'de, D: Deserializer<'de>>(field: D) -> Result<Option<usize>, D::Error> {
    let Some(text) = text(field)? else { return Ok(None) };
    let limit = text.parse().ok().filter(|limit| (1..=MOST).contains(limit));
    let limit =
        limit.ok_or_else(|| D::Error::custom("limit must be a whole number from 1 to 500"))?;
    Ok(Some(limit))
}

/// The lines that were found, the newest first.
pub(crate) struct Found {
    pub(crate) entries: Vec<AuditEntry>,
    /// Where to search on, where there are more or may be.
    pub(crate) next: Option<AuditPosition>,
}

impl AuditFilter {
    fn criteria(&self) -> AuditCriteria {
        AuditCriteria {
            integration: self.integration.clone(),
            booking: self.booking.clone(),
            object: self.object.clone(),
            lock: self.lock.clone(),
            requested_by: self.requested_by.clone(),
            request: self.request.clone(),
            outcome: self.outcome.clone(),
            reason: self.reason.clone(),
            action: self.action.clone(),
            operator: self.operator.clone(),
            since: self.since,
            until: self.until,
        }
    }
}

/// Whether the caller may see the line. Lines about no integration, such as sign-ins with their addresses, are for
/// admins of all integrations.
pub(crate) fn may_see(caller: &Caller, entry: &AuditEntry) -> bool {
    if entry.integration_id.is_empty() {
        return caller.grant.integrations.is_none() && caller.grant.role == config::Role::Admin;
    }
    caller.grant.covers(&entry.integration_id)
}

/// Finds the newest lines that match and that `keep` selects.
///
/// # Errors
///
/// Redis away, and an audit that is not in Redis.
pub(crate) async fn find(
    app: &App,
    caller: &Caller,
    filter: &AuditFilter,
    keep: impl Fn(&AuditEntry) -> bool,
) -> Result<Found, Problem> {
    check_readable(app)?;
    let turn = tokio::time::timeout(LONGEST_WAIT, app.searches.acquire()).await;
    let Ok(Ok(_turn)) = turn else {
        let detail = "too many searches of the audit at a time";
        return Err(Problem::unavailable("busy", detail).retry_after(5));
    };
    let (criteria, limit) = (filter.criteria(), filter.limit.unwrap_or(USUAL));
    let mut lines = app.audit_lines.lines(filter.since, filter.until, true);
    if let Some(position) = &filter.before {
        lines = lines.before(position);
    }
    let (mut entries, mut seen, mut read) = (Vec::new(), HashSet::<Uuid>::new(), 0);
    let (started, mut next) = (Instant::now(), None);
    while read < MOST_READ && started.elapsed() < LONGEST {
        let batch = lines.next_with_positions().await?;
        if batch.is_empty() {
            return Ok(Found { entries, next: None });
        }
        for (position, line) in batch {
            let before = next.replace(position);
            let Ok(entry) = serde_json::from_str::<AuditEntry>(&line) else { continue };
            // Lines that were added late are among much younger ones, which are passed over.
            read += usize::from(filter.until.is_none_or(|until| entry.at < until));
            let wanted = criteria.matches(&entry) && may_see(caller, &entry) && keep(&entry);
            if wanted && seen.insert(entry.id) {
                if entries.len() == limit {
                    return Ok(Found { entries, next: before });
                }
                entries.push(entry);
            }
        }
    }
    Ok(Found { entries, next })
}

/// An audit that goes elsewhere is not read here.
pub(crate) fn check_readable(app: &App) -> Result<(), Problem> {
    let to = match &app.snapshot().settings.audit {
        AuditSink::Redis => return Ok(()),
        AuditSink::Directory(_) => "file",
        AuditSink::Stdout => "stdout",
        AuditSink::Off => "off",
    };
    Err(Problem::new(
        axum::http::StatusCode::CONFLICT,
        "audit_elsewhere",
        format!(
            "the audit does not go to Redis ([audit] to = {to:?}), so the console cannot read it: use `postern audit`"
        ),
    ))
}
