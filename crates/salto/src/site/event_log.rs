//! The event log of a site: whether a command without an answer opened the door, and which openings it has
//! (`docs/salto-ks.md`, Connect API).

use std::ops::RangeInclusive;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::timeout;
use url::Url;
use uuid::Uuid;

use super::Site;
use super::calls::SiteCalls;
use super::entry::{Entry, Row};
use crate::clock::ROW_TOLERANCE;
use crate::environment::url::below;
use crate::error::{CallError, Cause};
use crate::http::answer::CallTarget;
use crate::http::pages::Pages;

/// The rows of a page: how a second page is asked for is not public, so that one has to suffice (decision). Where it
/// does not, one with more is asked for, which Salto may refuse or shorten.
const ROWS: usize = 100;
const MORE_ROWS: usize = 1000;
/// The limit of pages: openings beyond them are not searched (decision).
const MAX_PAGES: usize = 5;

impl Site {
    /// When the site's event log first has a remote opening of the lock in these times, by any user. All
    /// times are of this machine's clock; one that seems to be outside by up to [`ROW_TOLERANCE`] counts
    /// too. Where Salto's clock went back a moment ago, no row counts that may be from before. `limit` is
    /// the time limit of all calls together.
    ///
    /// # Errors
    /// [`Cause::Forbidden`] where this account may not read the log, or Salto has none; or a call
    /// failed.
    pub async fn opened_within(
        &self,
        lock: Uuid,
        times: RangeInclusive<DateTime<Utc>>,
        limit: Duration,
    ) -> Result<Option<DateTime<Utc>>, CallError> {
        let asked = timeout(limit, opened_within(&self.calls, lock, &times)).await;
        asked.unwrap_or_else(|_| Err(log_not_read()))
    }

    /// The openings by the system user that the site's event log has since then, by this machine's clock.
    /// `limit` is the time limit of all calls together.
    ///
    /// # Errors
    /// As for [`Self::opened_within`].
    pub async fn openings_since(
        &self,
        since: DateTime<Utc>,
        limit: Duration,
    ) -> Result<Vec<Entry>, CallError> {
        let asked = timeout(limit, openings_since(&self.calls, since)).await;
        asked.unwrap_or_else(|_| Err(log_not_read()))
    }
}

fn log_not_read() -> CallError {
    CallError::new(Cause::Unanswered, "the event log was not read within the time limit")
}

/// The opening that is searched. Times are of Salto's clock.
struct OpeningFilter {
    lock: Uuid,
    times: RangeInclusive<DateTime<Utc>>,
}

impl OpeningFilter {
    /// The time of the entry where it is a remote opening of the lock, by `event_category`, `access_by`
    /// and `lock_id`.
    fn opened_at(&self, row: &Row) -> Option<DateTime<Utc>> {
        let found = row.is_opening() && row.is_remote() && row.lock_id == Some(self.lock);
        row.time().filter(|at| found && self.times.contains(at))
    }
}

/// The time of the first remote opening of the lock in these times; all are of this machine's clock.
async fn opened_within(
    calls: &SiteCalls,
    lock: Uuid,
    times: &RangeInclusive<DateTime<Utc>>,
) -> Result<Option<DateTime<Utc>>, CallError> {
    let clock = &calls.client.clock;
    let offset = clock.offset();
    let by_salto = |at: DateTime<Utc>| at.checked_add_signed(offset).unwrap_or(at);
    let rows = rows_since(calls, by_salto(*clock.rows_of(times).start())).await?;
    // The answer may have shown a step of Salto's clock.
    let times = clock.rows_of(times);
    let filter = OpeningFilter { lock, times: by_salto(*times.start())..=by_salto(*times.end()) };
    let opened_at = rows.iter().filter_map(|entry| filter.opened_at(entry)).min();
    Ok(opened_at.map(|at| at.checked_sub_signed(offset).unwrap_or(at)))
}

/// The openings by the system user since then, by this machine's clock; the newest first.
async fn openings_since(calls: &SiteCalls, since: DateTime<Utc>) -> Result<Vec<Entry>, CallError> {
    let filter = calls.entry_filter().await?;
    let since = since.checked_add_signed(filter.clock.offset() - ROW_TOLERANCE).unwrap_or(since);
    let rows = rows_since(calls, since).await?;
    Ok(rows.iter().filter_map(|row| filter.read(row)).collect())
}

/// The rows since then, by Salto's clock, the newest first; older ones may follow.
async fn rows_since(calls: &SiteCalls, since: DateTime<Utc>) -> Result<Vec<Row>, CallError> {
    let (mut pages, suffices) = read_pages(calls, since, ROWS).await?;
    if !suffices {
        match read_pages(calls, since, MORE_ROWS).await {
            Ok((more, _)) if more.so_far().len() > pages.so_far().len() => pages = more,
            Ok(_) => {}
            Err(error) => tracing::debug!(%error, "no more rows of the log in one page"),
        }
    }
    Ok(pages.items("entries"))
}

/// Reads pages of `top` rows, and those that they name; and whether that is all there is to read.
async fn read_pages(
    calls: &SiteCalls,
    since: DateTime<Utc>,
    top: usize,
) -> Result<(Pages<Row>, bool), CallError> {
    let mut pages = Pages::<Row>::new(first_page(calls, top).await?);
    let mut read = 0;
    let mut reaches = false;
    while let Some(url) = pages.next() {
        let before = pages.so_far().len();
        pages.add(&calls.get(url, CallTarget::EventLog).await?.body)?;
        read += 1;
        // The newest come first: after a page with an older entry, all others are older too.
        let all_newer = pages.so_far()[before..]
            .iter()
            .filter_map(Row::time)
            .min()
            .is_some_and(|oldest| oldest >= since);
        reaches = !all_newer;
        if read == MAX_PAGES || reaches {
            break;
        }
    }
    let is_full = read == 1 && pages.so_far().len() >= top;
    Ok((pages, reaches || !is_full))
}

/// The event log exists in v1.1 only.
async fn first_page(calls: &SiteCalls, top: usize) -> Result<Url, CallError> {
    let site = calls.site_id().await?.to_string();
    let mut url = below(&calls.client.environment.api_url, &["v1.1", "sites", &site, "entries"]);
    url.set_query(Some(&format!("$top={top}&$orderby=utc_date_time desc")));
    Ok(url)
}

/// Whether a body is a page of the log with an entry that can be read.
pub(super) fn has_item(body: &[u8]) -> bool {
    Pages::<Row>::has_item(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    use serde_json::{Value, json};

    #[test]
    fn only_a_remote_opening_of_the_lock_since_then_is_found() {
        let lock = Uuid::from_u128(7);
        let since: DateTime<Utc> = "2026-08-25T07:25:00Z".parse().unwrap();
        let filter = OpeningFilter { lock, times: since..=since + ROW_TOLERANCE };
        let opening = json!({
            "event_category": "lock_opened", "access_by": "remote", "lock_id": lock,
            "utc_date_time": "2026-08-25T07:25:00Z", "user_id": null, "new": [1],
        });
        let opened_at = |it: &Value| filter.opened_at(&Row::of(it)?);
        assert_eq!(opened_at(&opening), Some(since));
        for (member, value) in [
            ("event_category", json!("lock_rejected")),
            ("event_category", json!(null)),
            ("access_by", json!("tag")),
            ("lock_id", json!(Uuid::from_u128(8))),
            ("lock_id", json!(null)),
            ("utc_date_time", json!("2026-08-25T07:24:59Z")),
            ("utc_date_time", json!("2026-08-25T07:25:02Z")),
            ("utc_date_time", json!(null)),
        ] {
            let mut other = opening.clone();
            other[member] = value;
            assert_eq!(opened_at(&other), None, "{other}");
        }
        assert_eq!(opened_at(&json!(null)), None);
    }
}
