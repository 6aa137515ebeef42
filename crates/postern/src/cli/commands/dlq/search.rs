//! The search for the selected dead letters, without changing any.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use lapin::Connection;
use publisher::DeadLetterHeaders;
use uuid::Uuid;

use super::{
    exclusive_session,
    identity::{DuplicateCounter, fingerprint},
    info::{DeadLetterInfo, InfoReader},
    reader::{DeliveredLetter, QueueReader},
    selection::Criteria,
};

/// Reads all dead letters, and returns those that match the criteria.
pub(super) struct Search {
    reader: QueueReader,
    criteria: Criteria,
    now: DateTime<Utc>,
    counter: DuplicateCounter,
    info_reader: InfoReader,
}

/// A dead letter that matches.
pub(super) struct FoundLetter {
    pub(super) info: DeadLetterInfo,
    pub(super) fingerprint: Uuid,
    pub(super) letter: DeliveredLetter,
}

/// What a complete search has found.
pub(super) struct SearchTotals {
    /// The number of letters by fingerprint, whether they match or not.
    pub(super) counts: HashMap<Uuid, u32>,
    /// The ids that were not found.
    pub(super) missing: Vec<Uuid>,
}

impl Search {
    /// Acquires the exclusive session, and starts at the first letter.
    pub(super) async fn begin(
        connection: &Connection,
        criteria: &Criteria,
    ) -> anyhow::Result<Self> {
        exclusive_session::acquire(connection).await?;
        Ok(Self {
            reader: QueueReader::begin(connection).await?,
            criteria: criteria.clone(),
            now: Utc::now(),
            counter: DuplicateCounter::default(),
            info_reader: InfoReader::default(),
        })
    }

    /// The next letter that matches.
    pub(super) async fn next(&mut self) -> anyhow::Result<Option<FoundLetter>> {
        while let Some(letter) = self.reader.next().await? {
            let headers = DeadLetterHeaders::read(&letter.arrival);
            let fingerprint = fingerprint(&letter.arrival, &headers);
            let id = self.counter.next_id(fingerprint);
            let info = self.info_reader.read(id, &letter.arrival, headers);
            let matches = match &mut self.criteria {
                Criteria::Ids(ids) => ids.remove(&id),
                Criteria::Matching(filters) => filters.matches(&info, &letter.arrival, self.now),
            };
            if matches {
                return Ok(Some(FoundLetter { info, fingerprint, letter }));
            }
        }
        Ok(None)
    }

    /// Returns all letters to the queue.
    pub(super) async fn end(self) -> anyhow::Result<SearchTotals> {
        self.reader.end().await?;
        let missing = match self.criteria {
            Criteria::Ids(ids) => ids.into_iter().collect(),
            Criteria::Matching(_) => Vec::new(),
        };
        Ok(SearchTotals { counts: self.counter.counts(), missing })
    }
}
