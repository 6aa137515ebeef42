//! The search for the selected dead letters, without changing any.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use lapin::Connection;
use publisher::DeadLetterHeaders;
use uuid::Uuid;

use super::{
    access::DeadLetters,
    document::LetterDocument,
    exclusive_session,
    identity::{DuplicateCounter, fingerprint},
    info::{DeadLetterInfo, InfoReader},
    reader::{DeliveredLetter, QueueReader},
    selection::{Criteria, SeenValues, not_found},
};
use crate::{OperationError, observer::Walk};

/// Reads all dead letters, and returns those that match the criteria.
pub(super) struct Search<'a> {
    reader: QueueReader,
    criteria: Criteria,
    letters: DeadLetters<'a>,
    seen: SeenValues,
    walk: Walk<'a>,
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

impl FoundLetter {
    pub(super) fn into_document(self) -> LetterDocument {
        LetterDocument::new(self.info, &self.letter.arrival)
    }
}

impl<'a> Search<'a> {
    /// Acquires the exclusive session, and starts at the first letter. Both end with the connection.
    ///
    /// # Errors
    /// The broker does not answer, or another operation has used the dead letters for long.
    pub(super) async fn begin(
        connection: &Connection,
        letters: DeadLetters<'a>,
        criteria: &Criteria,
    ) -> anyhow::Result<Self> {
        let observer = letters.observer;
        exclusive_session::acquire(connection, observer).await?;
        let reader = QueueReader::begin(connection, observer).await?;
        let walk = Walk::begin(observer, "dead letters read", Some(reader.end_position().into()));
        Ok(Self {
            reader,
            walk,
            criteria: criteria.clone(),
            letters,
            seen: SeenValues::default(),
            now: Utc::now(),
            counter: DuplicateCounter::default(),
            info_reader: InfoReader::default(),
        })
    }

    /// The next letter that matches.
    pub(super) async fn next(&mut self) -> anyhow::Result<Option<FoundLetter>> {
        while let Some(letter) = self.reader.next().await? {
            self.walk.advance(1);
            let headers = DeadLetterHeaders::read(&letter.arrival);
            let fingerprint = fingerprint(&letter.arrival, &headers);
            let id = self.counter.next_id(fingerprint);
            let info = self.info_reader.read(id, &letter.arrival, headers);
            if !self.letters.has(info.integration_id.as_deref()) {
                continue;
            }
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
    pub(super) async fn end(self) -> Result<HashMap<Uuid, u32>, OperationError> {
        self.reader.end().await?;
        match &self.criteria {
            Criteria::Ids(ids) if !ids.is_empty() => return Err(not_found(ids)),
            Criteria::Ids(_) => {}
            Criteria::Matching(filters) => filters.check(&self.seen, self.letters.config)?,
        }
        Ok(self.counter.counts())
    }
}
