//! Reading the audit's stream in Redis.

use std::{collections::HashMap, fmt, str::FromStr};

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

/// The place of a line in the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditPosition {
    added_at: DateTime<Utc>,
    id: String,
}

impl AuditPosition {
    /// When the line was added, by Redis' clock.
    #[must_use]
    pub const fn added_at(&self) -> DateTime<Utc> {
        self.added_at
    }
}

/// A text that is no place in the stream.
#[derive(Debug, thiserror::Error)]
#[error("not a position in the audit, such as 1764408000000-0")]
pub struct AuditPositionError;

impl FromStr for AuditPosition {
    type Err = AuditPositionError;

    fn from_str(text: &str) -> Result<Self, AuditPositionError> {
        let number = |text: &str| text.parse::<u64>().map_err(|_| AuditPositionError);
        let (time, sequence) = text.split_once('-').ok_or(AuditPositionError)?;
        let (time, sequence) = (number(time)?, number(sequence)?);
        let added_at = i64::try_from(time).ok().and_then(DateTime::from_timestamp_millis);
        let added_at = added_at.ok_or(AuditPositionError)?;
        Ok(Self { added_at, id: format!("{time}-{sequence}") })
    }
}

impl fmt::Display for AuditPosition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.id)
    }
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
    /// Only lines from before this one, of those that are read the newest first.
    #[must_use]
    pub fn before(mut self, position: &AuditPosition) -> Self {
        self.to = format!("({position}");
        self
    }

    /// The next few lines, oldest first in either direction; none at the end, or where no line was
    /// added.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer or a line cannot be read.
    pub async fn next(&mut self) -> Result<Vec<String>, StoreError> {
        let mut lines: Vec<_> =
            self.next_with_positions().await?.into_iter().map(|(_, line)| line).collect();
        if self.newest_first {
            lines.reverse();
        }
        Ok(lines)
    }

    /// The next few lines, in the direction of reading; none at the end, or where no line was added.
    ///
    /// # Errors
    ///
    /// [`StoreError`], where Redis does not answer or a line cannot be read.
    pub async fn next_with_positions(
        &mut self,
    ) -> Result<Vec<(AuditPosition, String)>, StoreError> {
        let read = self.read(AT_ONCE).await?;
        if let Some((id, _)) = read.last() {
            let bound = if self.newest_first { &mut self.to } else { &mut self.from };
            *bound = format!("({id}");
        }
        let lines = read
            .into_iter()
            .filter_map(|(id, mut fields)| Some((id.parse().ok()?, fields.remove("line")?)));
        Ok(lines.collect())
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
