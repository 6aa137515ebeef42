//! The audit's stream in Redis, read.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use deadpool_redis::redis;

use crate::{
    keys::Keys,
    settings::RedisSettings,
    store::{Store, StoreError},
};

/// Lines read with one command: Redis answers nobody else meanwhile.
const AT_ONCE: u32 = 500;

/// A line's place in the stream tells when Redis took it, by its own clock. Its decision was a little
/// earlier or, where a worker's clock is ahead, later; and much earlier where Redis was away.
const CLOCKS: TimeDelta = TimeDelta::minutes(10);
const OUTAGE: TimeDelta = TimeDelta::days(1);

/// The stream.
#[derive(Debug)]
pub struct Trail {
    store: Store,
    key: String,
}

/// A way through the stream, in one of both directions.
#[derive(Debug)]
pub struct Lines<'a> {
    trail: &'a Trail,
    from: String,
    to: String,
    newest_first: bool,
}

impl Trail {
    /// Connects when first used.
    ///
    /// # Errors
    ///
    /// [`StoreError::Refused`] when the URL is none that Redis' client understands.
    pub fn new(settings: &RedisSettings) -> Result<Self, StoreError> {
        let key = Keys::new(&settings.key_prefix).audit();
        Ok(Self { store: Store::new(settings)?, key })
    }

    /// Lines with all decisions of a time, and some of before and after.
    #[must_use]
    pub fn lines(
        &self,
        since: Option<DateTime<Utc>>,
        until: Option<DateTime<Utc>>,
        newest_first: bool,
    ) -> Lines<'_> {
        let id = |time: DateTime<Utc>| time.timestamp_millis().max(0).to_string();
        let from = since.map_or_else(|| "-".to_owned(), |since| id(since - CLOCKS));
        let to = until.map_or_else(|| "+".to_owned(), |until| id(until + OUTAGE));
        Lines { trail: self, from, to, newest_first }
    }

    /// The lines that come from now on.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer or makes no sense.
    pub async fn coming(&self) -> Result<Lines<'_>, StoreError> {
        let mut newest = self.lines(None, None, true);
        let read = newest.read(1).await?;
        let from = read.last().map_or_else(|| "-".to_owned(), |(id, _)| format!("({id}"));
        Ok(Lines { trail: self, from, to: "+".to_owned(), newest_first: false })
    }
}

impl Lines<'_> {
    /// The next few lines, oldest first in either direction; none at the end, or where nothing has
    /// come yet.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer or makes no sense.
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
        range.arg(&self.trail.key);
        if self.newest_first {
            range.arg(&self.to).arg(&self.from);
        } else {
            range.arg(&self.from).arg(&self.to);
        }
        self.trail.store.query(range.arg("COUNT").arg(count)).await
    }
}
