//! The event log of a site, asked whether a command that went unanswered opened the door.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use serde_json::Value;
use url::Url;
use uuid::Uuid;

use crate::answer::Subject;
use crate::calls::Calls;
use crate::environment::below;
use crate::error::CallError;
use crate::list::Pages;

/// An opening that long ago is not looked for any further (decision).
const MAX_PAGES: usize = 5;
/// Entries may carry whole seconds: one that seems to be from just before may be from just after
/// (decision).
const WHOLE_SECONDS: TimeDelta = TimeDelta::seconds(1);

/// What is looked for. Times are Salto's.
struct Wanted {
    lock: Uuid,
    since: DateTime<Utc>,
}

impl Wanted {
    /// When this entry is of a remote opening of the lock: `event_category`, `access_by` and
    /// `lock_id` \[M\].
    fn opened_at(&self, entry: &Value) -> Option<DateTime<Utc>> {
        let is = |member: &str, word: &str| {
            entry[member].as_str().is_some_and(|text| text.eq_ignore_ascii_case(word))
        };
        let lock = Uuid::try_parse(entry["lock_id"].as_str()?).ok()?;
        let opened = is("event_category", "lock_opened") && is("access_by", "remote");
        time(entry).filter(|at| opened && lock == self.lock && *at >= self.since)
    }
}

/// The first remote opening of the lock since then; both times are of this machine's clock.
pub(crate) async fn opened_since(
    calls: &Calls,
    lock: Uuid,
    since: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, CallError> {
    let offset = calls.api.clock.offset();
    let since = since.checked_add_signed(offset - WHOLE_SECONDS).unwrap_or(since);
    let wanted = Wanted { lock, since };
    let mut pages = Pages::new(first_page(calls).await?);
    let mut read = 0;
    while let Some(url) = pages.next() {
        let before = pages.so_far().len();
        pages.add(&calls.get(url, Subject::Entries).await?.body)?;
        read += 1;
        // The newest come first: where a page reaches further back, the rest is older still.
        let all_newer = pages.so_far()[before..]
            .iter()
            .filter_map(time)
            .min()
            .is_some_and(|oldest| oldest >= wanted.since);
        if read == MAX_PAGES || !all_newer {
            break;
        }
    }
    let opened_at = pages.so_far().iter().filter_map(|entry| wanted.opened_at(entry)).min();
    Ok(opened_at.map(|at| at.checked_sub_signed(offset).unwrap_or(at)))
}

/// The event log is of v1.1 only \[M\].
async fn first_page(calls: &Calls) -> Result<Url, CallError> {
    let site = calls.site_id().await?.to_string();
    let mut url = below(&calls.api.environment.api_url, &["v1.1", "sites", &site, "entries"]);
    url.set_query(Some("$top=20&$orderby=utc_date_time desc"));
    Ok(url)
}

/// `utc_date_time` is UTC \[M\], whether it says so or not.
fn time(entry: &Value) -> Option<DateTime<Utc>> {
    let text = entry["utc_date_time"].as_str()?.trim();
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
    fn times_are_utc_however_they_are_written() {
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
    fn only_a_remote_opening_of_the_lock_since_then_counts() {
        let lock = Uuid::from_u128(7);
        let wanted = Wanted { lock, since: "2026-08-25T07:25:00Z".parse().unwrap() };
        let entry = json!({
            "event_category": "lock_opened", "access_by": "remote", "lock_id": lock,
            "utc_date_time": "2026-08-25T07:25:00Z", "user_id": null, "new": [1],
        });
        assert_eq!(wanted.opened_at(&entry), Some(wanted.since));
        for (member, value) in [
            ("event_category", json!("lock_rejected")),
            ("event_category", json!(null)),
            ("access_by", json!("tag")),
            ("lock_id", json!(Uuid::from_u128(8))),
            ("lock_id", json!(null)),
            ("utc_date_time", json!("2026-08-25T07:24:59Z")),
            ("utc_date_time", json!(null)),
        ] {
            let mut other = entry.clone();
            other[member] = value;
            assert_eq!(wanted.opened_at(&other), None, "{other}");
        }
        assert_eq!(wanted.opened_at(&json!(null)), None);
    }
}
