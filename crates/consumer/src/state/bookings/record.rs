//! The states of a booking as Redis holds them.

use chrono::{DateTime, Utc};
use deadpool_redis::redis::{FromRedisValue, ParsingError, Value};
use events::{BookingStatus, Event};
use rules::{Booking, BookingStates, BookingVersion};
use serde::{Deserialize, Serialize};

use super::{BookingStored, read_version, sortable_version};
use crate::state::store::RecordError;

/// The fields of a booking in Redis that hold its states: those of [`StoredStates`].
pub(crate) const FIELDS: [&str; 3] = ["record", "version", "tied"];

/// The line after the tied states where others were left out.
const LEFT_OUT: &str = "+";

/// The values of [`FIELDS`]; none where a field is missing. `store.lua` says what they hold.
#[derive(Debug)]
pub(crate) struct StoredStates {
    record: Option<Vec<u8>>,
    version: Option<String>,
    tied: Option<String>,
}

impl FromRedisValue for StoredStates {
    fn from_redis_value(value: Value) -> Result<Self, ParsingError> {
        let (record, version, tied) = FromRedisValue::from_redis_value(value)?;
        Ok(Self { record, version, tied })
    }
}

impl StoredStates {
    /// The states; none where nothing is stored.
    pub(crate) fn read(&self) -> Result<Option<BookingStates>, RecordError> {
        let Some(record) = &self.record else { return Ok(None) };
        let lines = self.tied();
        let others = lines.iter().filter(|line| **line != LEFT_OUT);
        let others: Result<Vec<_>, _> = others.map(|line| read(line.as_bytes())).collect();
        let complete = !lines.contains(&LEFT_OUT);
        Ok(Some(BookingStates::tied(read(record)?, others?, complete)))
    }

    /// The version that all of them have.
    pub(crate) fn version(&self) -> Option<BookingVersion> {
        self.version.as_deref().and_then(read_version)
    }

    /// What `store.lua` would answer for this status.
    pub(crate) fn would_store(
        &self,
        event: &Event<BookingStatus>,
    ) -> Result<BookingStored, RecordError> {
        let version = BookingVersion { revision: event.data.revision, time: event.time };
        let (version, new) = (sortable_version(&version), write(&event.data)?);
        let Some(stored) = self.version.as_ref().filter(|stored| **stored >= version) else {
            return Ok(BookingStored::Newest);
        };
        let lines = self.tied();
        let is_stored = self.record.as_deref() == Some(new.as_bytes());
        Ok(if *stored > version || is_stored || lines.contains(&new.as_str()) {
            BookingStored::Superseded
        } else if lines.len() + 1 < BookingStates::MAX {
            BookingStored::Tied
        } else {
            BookingStored::LeftOut
        })
    }

    /// The lines of the field `tied`, if it belongs to this version.
    fn tied(&self) -> Vec<&str> {
        let mut lines = self.tied.as_deref().unwrap_or_default().lines();
        if lines.next() == self.version.as_deref() { lines.collect() } else { Vec::new() }
    }
}

/// A state of a booking as stored: only what the rules need.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    status: String,
    object_ids: Vec<String>,
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
}

impl From<&BookingStatus> for Record {
    fn from(status: &BookingStatus) -> Self {
        Self {
            status: status.status.clone(),
            object_ids: status.object_ids.clone(),
            starts_at: status.starts_at,
            ends_at: status.ends_at,
        }
    }
}

/// The record of a booking status: JSON on one line.
pub(super) fn write(status: &BookingStatus) -> Result<String, RecordError> {
    serde_json::to_string(&Record::from(status))
        .map_err(|error| RecordError::new(error.to_string()))
}

fn read(record: &[u8]) -> Result<Booking, RecordError> {
    let record: Record = serde_json::from_slice(record)
        .map_err(|error| RecordError::new(format!("a stored booking is unreadable: {error}")))?;
    Ok(Booking {
        status: record.status,
        object_ids: record.object_ids,
        starts_at: record.starts_at,
        ends_at: record.ends_at,
    })
}
