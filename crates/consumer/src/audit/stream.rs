//! Reading the audit's stream in Redis.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use deadpool_redis::redis;

use crate::{
    settings::RedisSettings,
    state::keys::Keys,
    state::store::{RedisUrlError, Store, StoreError},
};

/// The number of entries read with one command: Redis answers no other client meanwhile.
const AT_ONCE: u32 = 500;

/// A line's id in the stream is the time of Redis' clock when the line was added. The line's decision was
/// a little earlier or, where a worker's clock is ahead, later; and much earlier where Redis was away.
const CLOCK_DIFFERENCE: TimeDelta = TimeDelta::minutes(10);
const LONGEST_OUTAGE: TimeDelta = TimeDelta::days(1);

/// The audit's stream.
#[derive(Debug)]
pub struct AuditStream {
    store: Store,
    key: String,
}

/// A range of the stream, read in one direction.
#[derive(Debug)]
pub struct AuditLines<'a> {
    stream: &'a AuditStream,
    from: String,
    to: String,
    newest_first: bool,
}

impl AuditStream {
    /// Connects when first used.
    ///
    /// # Errors
    ///
    /// [`RedisUrlError`], where Redis' client cannot read the URL.
    pub fn new(settings: &RedisSettings) -> Result<Self, RedisUrlError> {
        let key = Keys::new(&settings.key_prefix).audit();
        Ok(Self { store: Store::new(settings)?, key })
    }

    /// The lines with all decisions of a period, and some from before and after it.
    #[must_use]
    pub fn lines(
        &self,
        since: Option<DateTime<Utc>>,
        until: Option<DateTime<Utc>>,
        newest_first: bool,
    ) -> AuditLines<'_> {
        let id = |time: DateTime<Utc>| time.timestamp_millis().max(0).to_string();
        let from = since.map_or_else(|| "-".to_owned(), |since| id(since - CLOCK_DIFFERENCE));
        let to = until.map_or_else(|| "+".to_owned(), |until| id(until + LONGEST_OUTAGE));
        AuditLines { stream: self, from, to, newest_first }
    }

    /// The lines that are added from now on.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer or a line cannot be read.
    pub async fn added_from_now(&self) -> Result<AuditLines<'_>, StoreError> {
        let mut newest = self.lines(None, None, true);
        let read = newest.read(1).await?;
        let from = read.last().map_or_else(|| "-".to_owned(), |(id, _)| format!("({id}"));
        Ok(AuditLines { stream: self, from, to: "+".to_owned(), newest_first: false })
    }
}

impl AuditLines<'_> {
    /// The next few lines, oldest first in either direction; none at the end, or where no line was
    /// added.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer or a line cannot be read.
    pub async fn next(&mut self) -> Result<Vec<String>, StoreError> {
        let mut read = self.read(AT_ONCE).await?;
        if let Some((id, _)) = read.last() {
            let bound = if self.newest_first { &mut self.to } else { &mut self.from };
            *bound = format!("({id}");
        }
        if self.newest_first {
            read.reverse();
        }
        Ok(read.into_iter().filter_map(|(_, mut fields)| fields.remove("line")).collect())
    }

    async fn read(
        &mut self,
        count: u32,
    ) -> Result<Vec<(String, HashMap<String, String>)>, StoreError> {
        let mut range = redis::cmd(if self.newest_first { "XREVRANGE" } else { "XRANGE" });
        range.arg(&self.stream.key);
        if self.newest_first {
            range.arg(&self.to).arg(&self.from);
        } else {
            range.arg(&self.from).arg(&self.to);
        }
        self.stream.store.query(range.arg("COUNT").arg(count)).await
    }
}
