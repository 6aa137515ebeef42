//! A row of a site's log of entries, as the log and the event stream have it (`docs/salto-ks.md`, Connect
//! API). Of its members only those that an opening is recognised by are kept.

use chrono::{DateTime, NaiveDateTime, SubsecRound, TimeDelta, Utc};
use serde_json::Value;
use uuid::Uuid;

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
    /// Salto's clock minus this machine's.
    pub(crate) clock_offset: TimeDelta,
}

impl EntryFilter {
    /// The row, where it is an opening by the user. A row without a user counts where it is a remote
    /// opening.
    pub(crate) fn read(&self, row: &Value) -> Option<Entry> {
        let by_user = match row["user_id"].as_str() {
            Some(user) => user.eq_ignore_ascii_case(&self.user_id),
            None => has_text(row, "access_by", "remote"),
        };
        if !by_user || !has_text(row, "event_category", "lock_opened") {
            return None;
        }
        let lock_id = lock(row)?;
        let opened_at = time(row)?.trunc_subsecs(0);
        let opened_from = opened_at.checked_sub_signed(self.clock_offset).unwrap_or(opened_at);
        let id = match &row["id"] {
            Value::String(id) if !id.is_empty() => id.clone(),
            Value::Number(id) => id.to_string(),
            _ => format!("{lock_id} {}", row["utc_date_time"].as_str()?.trim()),
        };
        Some(Entry { id, lock_id, opened_at, opened_from })
    }
}

/// Whether a member of the row has this text, in any case.
pub(super) fn has_text(row: &Value, member: &str, text: &str) -> bool {
    row[member].as_str().is_some_and(|value| value.eq_ignore_ascii_case(text))
}

/// The row's lock.
pub(super) fn lock(row: &Value) -> Option<Uuid> {
    Uuid::try_parse(row["lock_id"].as_str()?).ok()
}

/// `utc_date_time` is UTC, with an offset or without.
pub(super) fn time(row: &Value) -> Option<DateTime<Utc>> {
    let text = row["utc_date_time"].as_str()?.trim();
    let with_offset = DateTime::parse_from_rfc3339(text).map(|at| at.with_timezone(&Utc));
    let without = || text.parse::<NaiveDateTime>().map(|at| at.and_utc());
    with_offset.or_else(|_| without()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    use serde_json::json;

    fn at(text: &str) -> Option<DateTime<Utc>> {
        time(&json!({ "utc_date_time": text }))
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
        assert_eq!(time(&json!({"utc_date_time": null})), None);
        assert_eq!(time(&json!({})), None);
        assert_eq!(time(&json!(3)), None);
    }

    #[test]
    fn only_openings_of_the_system_user_are_read() {
        let filter =
            EntryFilter { user_id: "U-1".into(), clock_offset: TimeDelta::milliseconds(1500) };
        let row = json!({
            "id": 7, "event_category": "lock_opened", "access_by": "remote",
            "lock_id": Uuid::from_u128(7), "utc_date_time": "2026-08-25T07:25:00.9Z",
            "user_id": "u-1", "user_name": "a person",
        });
        let entry = filter.read(&row).unwrap();
        assert_eq!((entry.id.as_str(), entry.lock_id), ("7", Uuid::from_u128(7)));
        assert_eq!(entry.opened_at.to_rfc3339(), "2026-08-25T07:25:00+00:00");
        assert_eq!(entry.opened_at - entry.opened_from, filter.clock_offset);
        for (member, value) in [
            ("event_category", json!("lock_rejected")),
            ("user_id", json!("u-2")),
            ("lock_id", json!("door")),
            ("utc_date_time", json!(null)),
        ] {
            let mut other = row.clone();
            other[member] = value;
            assert_eq!(filter.read(&other), None, "{other}");
        }
        let mut without_user = row.clone();
        without_user["user_id"] = json!(null);
        assert!(filter.read(&without_user).is_some());
        without_user["access_by"] = json!("tag");
        assert_eq!(filter.read(&without_user), None);
    }

    #[test]
    fn a_row_without_an_id_is_known_by_its_lock_and_time() {
        let filter = EntryFilter { user_id: "u".into(), clock_offset: TimeDelta::zero() };
        let row = json!({
            "event_category": "lock_opened", "lock_id": Uuid::nil(), "user_id": "u",
            "utc_date_time": "2026-08-25T07:25:00Z",
        });
        let id = filter.read(&row).unwrap().id;
        assert_eq!(id, "00000000-0000-0000-0000-000000000000 2026-08-25T07:25:00Z");
    }
}
