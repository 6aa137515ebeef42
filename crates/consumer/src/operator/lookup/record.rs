//! Reading the ledger's record of a request.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use deadpool_redis::redis;
use events::Outbound;
use rules::FailedReason;
use serde::Deserialize;

use super::Lookup;
use crate::state::{failure::Failure, ledger, store::StoreError};

/// The number of sources of requests that are tried; a booking system has one.
const SOURCES: usize = 100;

/// The ledger's record of a request. Times are of Redis' clock, except `taken_at` and `expires_at`.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestRecord {
    /// When a worker first took it.
    pub taken_at: Option<DateTime<Utc>>,
    /// When it expires; nothing in a record of an older version.
    pub expires_at: Option<DateTime<Utc>>,
    /// Commands written for it, including one that is being written.
    pub attempts: u32,
    /// Those of them that may have opened the door.
    pub doubts: u32,
    /// When the first of those was written.
    pub in_doubt_since: Option<DateTime<Utc>>,
    /// Failed attempts.
    pub failures: u32,
    /// Why the last attempt failed.
    pub cause: Option<(FailedReason, String)>,
    /// The claim of the delivery that acts on it.
    pub claim: Option<ClaimRecord>,
    /// No command is sent before this time.
    pub not_before: Option<DateTime<Utc>>,
    /// Its outcome.
    pub outcome: Option<Outbound>,
    /// The check-in that came with it.
    pub check_in: Option<Outbound>,
    /// Whether the broker has confirmed the outcome, and only the check-in is still to be published.
    pub terminal_published: bool,
    /// Whether its dead letter is made, where the request failed.
    pub dead_lettered: bool,
    /// Whether its opening was to be confirmed by Salto's own record.
    pub to_be_confirmed: bool,
    /// The confirmation of its opening.
    pub confirmed: Option<Outbound>,
    /// Until when the record is kept: `retention.outcomes` after the request's expiry.
    pub kept_until: Option<DateTime<Utc>>,
}

/// A claim on a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimRecord {
    /// The worker's id, made anew at each start.
    pub worker: String,
    /// Whether that worker has a heartbeat.
    pub alive: bool,
    /// When the claim lapses.
    pub until: DateTime<Utc>,
}

/// The members of an outcome that say which request it answers.
#[derive(Deserialize)]
struct Answered {
    data: AnsweredData,
}

#[derive(Deserialize)]
struct AnsweredData {
    request_id: String,
    request_source: String,
}

impl Lookup {
    /// The record of a request.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer or a record cannot be read.
    pub async fn request(
        &self,
        source: &str,
        id: &str,
    ) -> Result<Option<RequestRecord>, StoreError> {
        let key = self.keys.request(events::request_key(source, id));
        let mut read = redis::pipe();
        read.hgetall(&key).cmd("PTTL").arg(&key).cmd("TIME");
        let (fields, left, (seconds, micros)): (HashMap<String, Vec<u8>>, i64, (i64, i64)) =
            self.store.query_all(&read).await?;
        if fields.is_empty() {
            return Ok(None);
        }
        let now = seconds * 1000 + micros / 1000;
        let text = |name: &str| {
            fields
                .get(name)
                .and_then(|value| str::from_utf8(value).ok())
                .filter(|it| !it.is_empty())
        };
        let number = |name: &str| text(name).and_then(|text| text.parse().ok()).unwrap_or(0);
        let time = |name: &str| {
            let millis =
                text(name).and_then(|text| text.parse::<i64>().ok()).filter(|it| *it > 0)?;
            DateTime::from_timestamp_millis(millis)
        };
        let claim = match (text("alive"), time("until")) {
            (Some(heartbeat), Some(until)) if until.timestamp_millis() > now => {
                let alive = self.store.query(redis::cmd("EXISTS").arg(heartbeat)).await?;
                let worker = heartbeat.rsplit(':').next().unwrap_or_default().to_owned();
                Some(ClaimRecord { worker, alive, until })
            }
            (_, _) => None,
        };
        let event = |name: &str| fields.get(name).map(|it| ledger::read_event(it)).transpose();
        let taken_at = text("taken_at").and_then(|it| DateTime::parse_from_rfc3339(it).ok());
        let cause = text("cause").and_then(Failure::from_record);
        Ok(Some(RequestRecord {
            taken_at: taken_at.map(|time| time.to_utc()),
            expires_at: time("expires_at"),
            attempts: number("attempts"),
            doubts: number("doubts"),
            in_doubt_since: time("doubt_at"),
            failures: number("failures"),
            cause: cause.map(|failure| (failure.reason, failure.detail)),
            claim,
            not_before: time("not_before"),
            outcome: event("terminal")?,
            check_in: event("check_in")?,
            terminal_published: text("terminal_published") == Some("1"),
            dead_lettered: text("dead_lettered") == Some("1"),
            to_be_confirmed: text("confirmation").is_some(),
            confirmed: event("confirmed")?,
            kept_until: (left >= 0).then(|| DateTime::from_timestamp_millis(now + left)).flatten(),
        }))
    }

    /// The sources from which a request of this id is known, and whether all records were read; at most
    /// `most` are. Records are found by source and id together. So this reads the recorded outcomes, and
    /// tries the id with each source that one of them names: a request is missed only where no other
    /// request of its source has an outcome yet.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer or a record cannot be read.
    pub async fn sources_of(
        &self,
        id: &str,
        most: usize,
    ) -> Result<(Vec<String>, bool), StoreError> {
        let (mut found, mut sources) = (BTreeSet::new(), BTreeSet::new());
        let (mut cursor, mut read) = (Some(0), 0);
        while let Some(from) = cursor.filter(|_| read < most) {
            let (next, keys) = self.keys_from(from, &self.keys.requests()).await?;
            let outcomes: Vec<Option<Vec<u8>>> = self.fields(&keys, "terminal").await?;
            let answered = outcomes.into_iter().flatten();
            for outcome in answered.filter_map(|it| serde_json::from_slice::<Answered>(&it).ok()) {
                if outcome.data.request_id == id {
                    found.insert(outcome.data.request_source);
                } else if sources.len() < SOURCES {
                    sources.insert(outcome.data.request_source);
                }
            }
            read += keys.len();
            cursor = next;
        }
        for source in sources {
            let key = self.keys.request(events::request_key(&source, id));
            if self.store.query(redis::cmd("EXISTS").arg(key)).await? {
                found.insert(source);
            }
        }
        Ok((found.into_iter().collect(), cursor.is_none()))
    }
}
