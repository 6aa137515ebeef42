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
    selection::{Criteria, SeenValues, not_found},
};
use crate::cli::{failure::CommandFailure, terminal::progress::Progress};
use config::BrokerConfig;

/// Reads all dead letters, and returns those that match the criteria.
pub(super) struct Search<'a> {
    reader: QueueReader,
    criteria: Criteria,
    config: &'a BrokerConfig,
    seen: SeenValues,
    progress: Progress,
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

impl<'a> Search<'a> {
    /// Acquires the exclusive session, and starts at the first letter.
    pub(super) async fn begin(
        connection: &Connection,
        criteria: &Criteria,
        config: &'a BrokerConfig,
    ) -> anyhow::Result<Self> {
        exclusive_session::acquire(connection).await?;
        let reader = QueueReader::begin(connection).await?;
        let progress = Progress::new("dead letters read", Some(reader.end_position().into()));
        Ok(Self {
            reader,
            progress,
            criteria: criteria.clone(),
            config,
            seen: SeenValues::default(),
            now: Utc::now(),
            counter: DuplicateCounter::default(),
            info_reader: InfoReader::default(),
        })
    }

    /// Shows no progress: the results are printed meanwhile.
    pub(super) fn hide_progress(&mut self) {
        self.progress.hide();
    }

    /// The next letter that matches.
    pub(super) async fn next(&mut self) -> anyhow::Result<Option<FoundLetter>> {
        while let Some(letter) = self.reader.next().await? {
            self.progress.advance(1);
            let headers = DeadLetterHeaders::read(&letter.arrival);
            let fingerprint = fingerprint(&letter.arrival, &headers);
            let id = self.counter.next_id(fingerprint);
            let info = self.info_reader.read(id, &letter.arrival, headers);
            let matches = match &mut self.criteria {
                Criteria::Ids(ids) => ids.remove(&id),
                Criteria::Matching(filters) => {
                    filters.note_seen(&info, &mut self.seen);
                    filters.matches(&info, &letter.arrival, self.now)
                }
            };
            if matches {
                return Ok(Some(FoundLetter { info, fingerprint, letter }));
            }
        }
        Ok(None)
    }

    /// Returns all letters to the queue. Returns the number of letters by fingerprint, whether they match or
    /// not. Fails where an id was not found, or the value of a filter is not known.
    pub(super) async fn end(self) -> Result<HashMap<Uuid, u32>, CommandFailure> {
        self.reader.end().await?;
        match &self.criteria {
            Criteria::Ids(ids) if !ids.is_empty() => return Err(not_found(ids)),
            Criteria::Ids(_) => {}
            Criteria::Matching(filters) => filters.check(&self.seen, self.config)?,
        }
        Ok(self.counter.counts())
    }
}
