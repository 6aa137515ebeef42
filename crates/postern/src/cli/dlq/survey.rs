//! Finding the dead letters that were asked for, without changing any.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use lapin::Connection;
use publisher::DeadLetterHeaders;
use uuid::Uuid;

use super::{
    facts::{Facts, Reader},
    identity::{Census, fingerprint},
    selection::Wanted,
    turn,
    walk::{Letter, Walk},
};

/// A walk that stops at the letters wanted.
pub(super) struct Survey {
    walk: Walk,
    wanted: Wanted,
    now: DateTime<Utc>,
    census: Census,
    reader: Reader,
}

/// A letter that was wanted.
pub(super) struct Found {
    pub(super) facts: Facts,
    pub(super) fingerprint: Uuid,
    pub(super) letter: Letter,
}

impl Survey {
    /// Waits for its turn and begins.
    pub(super) async fn begin(connection: &Connection, wanted: &Wanted) -> anyhow::Result<Self> {
        turn::take(connection).await?;
        Ok(Self {
            walk: Walk::begin(connection).await?,
            wanted: wanted.clone(),
            now: Utc::now(),
            census: Census::default(),
            reader: Reader::default(),
        })
    }

    /// The next letter wanted.
    pub(super) async fn next(&mut self) -> anyhow::Result<Option<Found>> {
        while let Some(letter) = self.walk.next().await? {
            let label = DeadLetterHeaders::read(&letter.arrival);
            let fingerprint = fingerprint(&letter.arrival, &label);
            let id = self.census.id(fingerprint);
            let facts = self.reader.read(id, &letter.arrival, label);
            let is_wanted = match &mut self.wanted {
                Wanted::Ids(ids) => ids.remove(&id),
                Wanted::Like(filters) => filters.admit(&facts, &letter.arrival, self.now),
            };
            if is_wanted {
                return Ok(Some(Found { facts, fingerprint, letter }));
            }
        }
        Ok(None)
    }

    /// Gives all letters back. How many there were of each kind, wanted or not, and the ids that
    /// were not found.
    pub(super) async fn end(self) -> anyhow::Result<(HashMap<Uuid, u32>, Vec<Uuid>)> {
        self.walk.end().await?;
        let missing = match self.wanted {
            Wanted::Ids(ids) => ids.into_iter().collect(),
            Wanted::Like(_) => Vec::new(),
        };
        Ok((self.census.totals(), missing))
    }
}
