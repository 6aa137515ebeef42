//! The event log of a site: whether a command without an answer opened the door (`docs/salto-ks.md`,
//! Connect API).

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use serde::Deserialize;
use url::Url;
use uuid::Uuid;

use super::calls::SiteCalls;
use super::info::lenient;
use crate::environment::url::below;
use crate::error::CallError;
use crate::http::answer::CallTarget;
use crate::http::pages::Pages;

/// The limit of pages: openings beyond them are not searched (decision).
const MAX_PAGES: usize = 5;
/// Entries have whole seconds: one that seems up to a second too old may be from just after `since`.
const ENTRY_RESOLUTION: TimeDelta = TimeDelta::seconds(1);

/// The opening that is searched. Times are of Salto's clock.
struct OpeningFilter {
    lock: Uuid,
    since: DateTime<Utc>,
}

/// An entry of the log, as far as it is used.
#[derive(Debug, Deserialize)]
struct Entry {
    #[serde(default, deserialize_with = "lenient")]
    event_category: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    access_by: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    lock_id: Option<Uuid>,
    #[serde(default, deserialize_with = "lenient")]
    utc_date_time: Option<String>,
}

impl Entry {
    /// `utc_date_time` is UTC, with an offset or without.
    fn time(&self) -> Option<DateTime<Utc>> {
        let text = self.utc_date_time.as_deref()?.trim();
        let with_offset = DateTime::parse_from_rfc3339(text).map(|at| at.with_timezone(&Utc));
        let without = || text.parse::<NaiveDateTime>().map(|at| at.and_utc());
        with_offset.or_else(|_| without()).ok()
    }
}

impl OpeningFilter {
    /// The time of the entry where it is a remote opening of the lock, by `event_category`, `access_by`
    /// and `lock_id`.
    fn opened_at(&self, entry: &Entry) -> Option<DateTime<Utc>> {
        let is = |member: &Option<String>, value: &str| {
            member.as_ref().is_some_and(|text| text.eq_ignore_ascii_case(value))
        };
        let opened = is(&entry.event_category, "lock_opened") && is(&entry.access_by, "remote");
        let of_lock = entry.lock_id == Some(self.lock);
        entry.time().filter(|at| opened && of_lock && *at >= self.since)
    }
}

/// The time of the first remote opening of the lock since then; both are times of this machine's clock.
pub(crate) async fn opened_since(
    calls: &SiteCalls,
    lock: Uuid,
    since: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, CallError> {
    let offset = calls.client.clock.offset();
    let since = since.checked_add_signed(offset - ENTRY_RESOLUTION).unwrap_or(since);
    let filter = OpeningFilter { lock, since };
    let mut pages = Pages::<Entry>::new(first_page(calls).await?);
    let mut read = 0;
    while let Some(url) = pages.next() {
        let before = pages.so_far().len();
        pages.add(&calls.get(url, CallTarget::EventLog).await?.body)?;
        read += 1;
        // The newest come first: after a page with an older entry, all others are older too.
        let all_newer = pages.so_far()[before..]
            .iter()
            .filter_map(Entry::time)
            .min()
            .is_some_and(|oldest| oldest >= filter.since);
        if read == MAX_PAGES || !all_newer {
            break;
        }
    }
    let opened_at = pages.so_far().iter().filter_map(|entry| filter.opened_at(entry)).min();
    Ok(opened_at.map(|at| at.checked_sub_signed(offset).unwrap_or(at)))
}

/// The event log exists in v1.1 only.
async fn first_page(calls: &SiteCalls) -> Result<Url, CallError> {
    let site = calls.site_id().await?.to_string();
    let mut url = below(&calls.client.environment.api_url, &["v1.1", "sites", &site, "entries"]);
    url.set_query(Some("$top=20&$orderby=utc_date_time desc"));
    Ok(url)
}

/// Whether a body is a page of the log with an entry that can be read.
pub(super) fn has_item(body: &[u8]) -> bool {
    Pages::<Entry>::has_item(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    use serde_json::{Value, json};

    fn entry(entry: &Value) -> Option<Entry> {
        serde_json::from_str(&entry.to_string()).ok()
    }

    fn at(text: &Value) -> Option<DateTime<Utc>> {
        entry(&json!({ "utc_date_time": text }))?.time()
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
            assert_eq!(at(&json!(text)), Some(expected), "{text}");
        }
        assert_eq!(at(&json!("yesterday")), None);
        assert_eq!(at(&json!(null)), None);
        assert_eq!(at(&json!([3])), None);
        assert_eq!(entry(&json!({})).unwrap().time(), None);
        assert!(entry(&json!(3)).is_none());
    }

    #[test]
    fn only_a_remote_opening_of_the_lock_since_then_is_found() {
        let lock = Uuid::from_u128(7);
        let filter = OpeningFilter { lock, since: "2026-08-25T07:25:00Z".parse().unwrap() };
        let opening = json!({
            "event_category": "lock_opened", "access_by": "remote", "lock_id": lock,
            "utc_date_time": "2026-08-25T07:25:00Z", "user_id": null, "new": [1],
        });
        let opened_at = |it: &Value| filter.opened_at(&entry(it)?);
        assert_eq!(opened_at(&opening), Some(filter.since));
        for (member, value) in [
            ("event_category", json!("lock_rejected")),
            ("event_category", json!(null)),
            ("access_by", json!("tag")),
            ("lock_id", json!(Uuid::from_u128(8))),
            ("lock_id", json!(null)),
            ("utc_date_time", json!("2026-08-25T07:24:59Z")),
            ("utc_date_time", json!(null)),
        ] {
            let mut other = opening.clone();
            other[member] = value;
            assert_eq!(opened_at(&other), None, "{other}");
        }
        assert_eq!(opened_at(&json!(null)), None);
    }
}
