//! A row of a site's log of entries, as the log and the event stream have it (`docs/salto-ks.md`, Connect
//! API). Of its members only those that an opening is recognised by are kept.

use std::sync::Arc;

use chrono::{DateTime, NaiveDateTime, SubsecRound, Utc};
use serde::Deserialize;
use serde_json::{Number, Value};
use uuid::Uuid;

use super::calls::SiteCalls;
use super::info::lenient;
use crate::clock::SaltoClock;
use crate::environment::url::below;
use crate::error::CallError;
use crate::http::answer::CallTarget;

/// A row, as far as it is used.
#[derive(Debug, Deserialize)]
pub(crate) struct Row {
    #[serde(default, deserialize_with = "lenient")]
    id: Option<RowId>,
    #[serde(default, deserialize_with = "lenient")]
    event_category: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    access_by: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) lock_id: Option<Uuid>,
    #[serde(default, deserialize_with = "lenient")]
    utc_date_time: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    user_id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum RowId {
    Text(String),
    Number(Number),
}

impl Row {
    /// The row in a message of the event stream.
    pub(super) fn of(row: &Value) -> Option<Self> {
        serde_json::from_str(&row.to_string()).ok()
    }

    pub(super) fn is_opening(&self) -> bool {
        is_text(self.event_category.as_deref(), "lock_opened")
    }

    pub(super) fn is_remote(&self) -> bool {
        is_text(self.access_by.as_deref(), "remote")
    }

    /// `utc_date_time` is UTC, with an offset or without.
    pub(super) fn time(&self) -> Option<DateTime<Utc>> {
        let text = self.utc_date_time.as_deref()?.trim();
        let with_offset = DateTime::parse_from_rfc3339(text).map(|at| at.with_timezone(&Utc));
        let without = || text.parse::<NaiveDateTime>().map(|at| at.and_utc());
        with_offset.or_else(|_| without()).ok()
    }

    /// What names the row wherever it is read: its id, else its lock and time.
    fn identity(&self) -> Option<String> {
        match &self.id {
            Some(RowId::Text(id)) if !id.is_empty() => Some(id.clone()),
            Some(RowId::Number(id)) => Some(id.to_string()),
            Some(RowId::Text(_)) | None => {
                Some(format!("{} {}", self.lock_id?, self.utc_date_time.as_deref()?.trim()))
            }
        }
    }
}

/// Whether a member has this text, in any case.
fn is_text(member: Option<&str>, text: &str) -> bool {
    member.is_some_and(|member| member.eq_ignore_ascii_case(text))
}

/// An opening by the system user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The row's identity: the same whenever and wherever the row is read.
    pub id: String,
    /// The lock.
    pub lock_id: Uuid,
    /// When the lock opened: whole seconds of Salto's clock.
    pub opened_at: DateTime<Utc>,
    /// The begin of that second by this machine's clock.
    pub opened_from: DateTime<Utc>,
}

/// What rows must have, and the difference of the clocks.
#[derive(Debug, Clone)]
pub(crate) struct EntryFilter {
    /// The `id` of `GET /me`.
    pub(crate) user_id: String,
    /// Salto's clock: better known with each answer, so that each row is read by what it is then.
    pub(crate) clock: Arc<SaltoClock>,
}

impl EntryFilter {
    /// The row, where it is an opening by the user. A row without a user counts where it is a remote
    /// opening.
    pub(crate) fn read(&self, row: &Row) -> Option<Entry> {
        let by_user = match &row.user_id {
            Some(user) => user.eq_ignore_ascii_case(&self.user_id),
            None => row.is_remote(),
        };
        if !by_user || !row.is_opening() {
            return None;
        }
        let lock_id = row.lock_id?;
        let opened_at = row.time()?.trunc_subsecs(0);
        let opened_from = opened_at.checked_sub_signed(self.clock.offset()).unwrap_or(opened_at);
        Some(Entry { id: row.identity()?, lock_id, opened_at, opened_from })
    }
}

impl SiteCalls {
    /// The `id` of `GET /me`, by which rows of the event log name the system user.
    async fn user_id(&self) -> Result<&str, CallError> {
        if let Some(id) = self.user_id.get() {
            return Ok(id);
        }
        let url = below(&self.client.environment.api_url, &["v1.2", "me"]);
        let answer = self.get(url, CallTarget::Unpublished).await?;
        let body: Value = serde_json::from_slice(&answer.body)
            .map_err(|_| CallError::unreadable("the answer is not JSON"))?;
        match body["id"].as_str() {
            Some(id) if !id.is_empty() => Ok(self.user_id.get_or_init(|| id.to_owned())),
            _ => Err(CallError::unreadable("the user has no id")),
        }
    }

    /// What rows of the event log must have to be openings of the system user.
    pub(crate) async fn entry_filter(&self) -> Result<EntryFilter, CallError> {
        let user_id = self.user_id().await?.to_owned();
        Ok(EntryFilter { user_id, clock: Arc::clone(&self.client.clock) })
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    use serde_json::json;

    fn at(text: &str) -> Option<DateTime<Utc>> {
        Row::of(&json!({ "utc_date_time": text }))?.time()
    }

    #[test]
    fn times_are_utc_in_every_form() {
        let expected: DateTime<Utc> = "2026-08-25T07:25:00Z".parse().unwrap();
        for text in [
            "2026-08-25T07:25:00Z",
            "2026-08-25T07:25:00",
            "2026-08-25T07:25:00.000",
            "2026-08-25T09:25:00+02:00",
            " 2026-08-25T07:25:00.0000000Z",
        ] {
            assert_eq!(at(text), Some(expected), "{text}");
        }
        assert_eq!(at("yesterday"), None);
        assert_eq!(Row::of(&json!({"utc_date_time": null})).unwrap().time(), None);
        assert_eq!(Row::of(&json!({})).unwrap().time(), None);
        assert!(Row::of(&json!(3)).is_none());
    }

    #[test]
    fn only_openings_of_the_system_user_are_read() {
        let clock = Arc::new(SaltoClock::new("test"));
        let filter = EntryFilter { user_id: "U-1".into(), clock };
        // Known after the filter was made.
        filter.clock.set(TimeDelta::milliseconds(1500));
        let row = json!({
            "id": 7, "event_category": "lock_opened", "access_by": "remote",
            "lock_id": Uuid::from_u128(7), "utc_date_time": "2026-08-25T07:25:00.9Z",
            "user_id": "u-1", "user_name": "a person",
        });
        let entry = filter.read(&Row::of(&row).unwrap()).unwrap();
        assert_eq!((entry.id.as_str(), entry.lock_id), ("7", Uuid::from_u128(7)));
        assert_eq!(entry.opened_at.to_rfc3339(), "2026-08-25T07:25:00+00:00");
        assert_eq!(entry.opened_at - entry.opened_from, TimeDelta::milliseconds(1500));
        for (member, value) in [
            ("event_category", json!("lock_rejected")),
            ("user_id", json!("u-2")),
            ("lock_id", json!("door")),
            ("utc_date_time", json!(null)),
        ] {
            let mut other = row.clone();
            other[member] = value;
            assert_eq!(filter.read(&Row::of(&other).unwrap()), None, "{other}");
        }
        let mut without_user = row.clone();
        without_user["user_id"] = json!(null);
        assert!(filter.read(&Row::of(&without_user).unwrap()).is_some());
        without_user["access_by"] = json!("tag");
        assert_eq!(filter.read(&Row::of(&without_user).unwrap()), None);
    }

    #[test]
    fn a_row_without_an_id_is_known_by_its_lock_and_time() {
        let filter = EntryFilter { user_id: "u".into(), clock: Arc::new(SaltoClock::new("test")) };
        let row = json!({
            "event_category": "lock_opened", "lock_id": Uuid::nil(), "user_id": "u",
            "utc_date_time": "2026-08-25T07:25:00Z",
        });
        let id = filter.read(&Row::of(&row).unwrap()).unwrap().id;
        assert_eq!(id, "00000000-0000-0000-0000-000000000000 2026-08-25T07:25:00Z");
    }
}
