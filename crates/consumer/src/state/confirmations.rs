//! Openings that wait until Salto's own record confirms them, and the rows of that record.
//!
//! An opening is written together with its outcome (conclude.lua). Here rows are added and matched with openings,
//! in one script, so that over all workers one row confirms one opening, and a confirmation is never lost.

use std::{ops::RangeInclusive, sync::Arc, time::Duration};

use chrono::{DateTime, SecondsFormat, Utc};
use deadpool_redis::redis::{self, Script};
use events::{
    ConfirmationSource, OpenConfirmed, Outbound, OutboundData, RequestRef, Role, event_id,
};
use salto::Entry;
use uuid::Uuid;

use super::{
    keys::Keys,
    store::{RecordError, Store, StoreError, millis},
};

/// How long an opening waits for its row, and a row for its opening. Rows have been seen 80 s late
/// (docs/salto-ks.md, Connect API).
const WAIT: Duration = Duration::from_secs(10 * 60);

/// How long a row is recognised: longer than an opening could wait for it.
const RECOGNISED: Duration = Duration::from_secs(30 * 60);

/// The openings that wait, in Redis.
#[derive(Debug)]
pub(crate) struct Confirmations {
    store: Arc<Store>,
    keys: Keys,
    reconcile: Script,
    answered: Script,
}

/// When the commands of an opening were sent, by this machine's clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CommandTimes {
    pub(crate) first_sent_at: DateTime<Utc>,
    /// The command that opened the door.
    pub(crate) sent_at: DateTime<Utc>,
}

/// An opening that waits, as conclude.lua writes it.
#[derive(Debug)]
pub(crate) struct AwaitedOpening {
    pub(super) member: String,
    pub(super) sent_at: i64,
}

/// An opening that was confirmed now.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ConfirmedOpening {
    pub(crate) seen_in: String,
    /// From the command's answer until the row was seen.
    pub(crate) delay: Duration,
}

/// What one call of [`Confirmations::reconcile`] has done.
#[derive(Debug)]
pub(crate) struct Reconciled {
    pub(crate) confirmed: Vec<ConfirmedOpening>,
    /// Openings that wait no longer.
    pub(crate) unconfirmed: u64,
    /// Rows that wait no longer.
    pub(crate) unmatched: u64,
    /// Salto's log is to be asked, by this worker, for rows since then.
    pub(crate) ask_since: Option<DateTime<Utc>>,
    /// When the command of the oldest opening that waits was sent.
    pub(crate) oldest: Option<DateTime<Utc>>,
}

/// Rows that were seen in one place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SeenRows<'a> {
    pub(crate) rows: &'a [Entry],
    pub(crate) source: ConfirmationSource,
}

/// The answer of reconcile.lua: sources and delays of what is confirmed, openings and rows that wait no longer,
/// whether the log is to be asked, when the oldest command was sent.
type Answer = (Vec<(String, u64)>, u64, u64, String, String);

impl AwaitedOpening {
    /// Of an opening with its terminal event; none where that is another event.
    pub(crate) fn of(
        request: Uuid,
        terminal: &Outbound,
        times: CommandTimes,
    ) -> Result<Option<Self>, RecordError> {
        let OutboundData::Opened(opened) = &terminal.data else { return Ok(None) };
        let CommandTimes { first_sent_at, sent_at } = times;
        let answered_at = opened.opened_at;
        let confirmed = OpenConfirmed {
            request: opened.request.clone(),
            object_id: opened.object_id.clone(),
            lock_id: opened.lock_id,
            iq_id: opened.iq_id.clone(),
            // The row replaces these three, and the time of the event.
            opened_at: answered_at,
            seen_at: answered_at,
            seen_in: ConfirmationSource::Entries,
        };
        let RequestRef { request_source, request_id, .. } = &opened.request;
        let event = Outbound {
            id: event_id(request_source, request_id, Role::Confirmed),
            data: OutboundData::OpenConfirmed(confirmed),
            ..terminal.clone()
        };
        let event = serde_json::to_string(&event);
        let event = event.map_err(|error| RecordError::new(error.to_string()))?;
        let (lock, sent_at) = (opened.lock_id, sent_at.timestamp_millis());
        let (first, last) = (first_sent_at.timestamp_millis(), answered_at.timestamp_millis());
        Ok(Some(Self { member: format!("{lock}\n{request}\n{first}\n{last}\n{event}"), sent_at }))
    }
}

impl Confirmations {
    pub(crate) fn new(store: Arc<Store>, keys: Keys) -> Self {
        Self {
            store,
            keys,
            reconcile: Script::new(include_str!("confirmations/reconcile.lua")),
            answered: Script::new(include_str!("confirmations/answered.lua")),
        }
    }

    /// Records that the broker has confirmed the terminal event: `lock.opened` comes before its
    /// confirmation. Answers whether the confirmation was there already, and is to be published.
    pub(crate) async fn answered(&self, request: Uuid) -> Result<bool, StoreError> {
        let (request, outbox) = (self.keys.request(request), self.keys.confirmed_events());
        let to_publish: u8 = self.store.run(self.answered.key(request).key(outbox)).await?;
        Ok(to_publish == 1)
    }

    /// When the lock opened in these times ([`salto::SaltoClock::rows_of`]), by a row that belongs to no opening yet:
    /// a command that was not answered may have opened it. By this machine's clock.
    pub(crate) async fn unmatched_opening(
        &self,
        integration_id: &str,
        lock: Uuid,
        times: RangeInclusive<DateTime<Utc>>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let mut rows = redis::cmd("ZRANGEBYSCORE");
        let [from, to] = [times.start(), times.end()].map(DateTime::timestamp_millis);
        rows.arg(self.keys.entry_rows(integration_id)).arg(from).arg(to).arg("WITHSCORES");
        let rows: Vec<(String, i64)> = self.store.query(&rows).await?;
        let lock = format!("{lock}\n");
        let first = rows.into_iter().find(|(row, _)| row.starts_with(&lock));
        Ok(first.and_then(|(_, at)| DateTime::from_timestamp_millis(at)))
    }

    /// The integrations with openings or rows that wait.
    pub(crate) async fn integrations(&self) -> Result<Vec<String>, StoreError> {
        self.store.query(redis::cmd("SMEMBERS").arg(self.keys.confirming())).await
    }

    /// Adds rows and matches them with openings. `asked_after`: after which times from a command the log
    /// is asked; where that is due, the answer says so to one worker.
    pub(crate) async fn reconcile(
        &self,
        integration_id: &str,
        seen: SeenRows<'_>,
        asked_after: &[Duration],
    ) -> Result<Reconciled, StoreError> {
        let keys = &self.keys;
        let asked_after: Vec<_> = asked_after.iter().map(|it| millis(*it).to_string()).collect();
        let mut reconcile = self.reconcile.key(keys.unconfirmed(integration_id));
        reconcile
            .key(keys.entry_rows(integration_id))
            .key(keys.known_entry_rows(integration_id))
            .key(keys.confirmed_events())
            .key(keys.confirming())
            .key(keys.entries_asked(integration_id))
            .key(keys.pause(integration_id))
            .arg(integration_id)
            .arg(keys.request_prefix())
            .arg(millis(WAIT))
            .arg(millis(WAIT))
            .arg(millis(RECOGNISED))
            .arg(asked_after.join(","))
            .arg(seen.source.code())
            .arg(Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true));
        for row in seen.rows {
            reconcile
                .arg(&row.id)
                .arg(row.lock_id.to_string())
                .arg(row.opened_from.timestamp_millis())
                .arg(row.opened_at.to_rfc3339_opts(SecondsFormat::Secs, true));
        }
        let (delays, unconfirmed, unmatched, ask, oldest): Answer =
            self.store.run(&reconcile).await?;
        let oldest = oldest.parse().ok().filter(|oldest| *oldest > 0);
        let oldest = oldest.and_then(DateTime::from_timestamp_millis);
        let confirmed = delays.into_iter().map(|(seen_in, delay)| {
            let delay = Duration::from_millis(delay);
            ConfirmedOpening { seen_in, delay }
        });
        Ok(Reconciled {
            confirmed: confirmed.collect(),
            unconfirmed,
            unmatched,
            ask_since: oldest.filter(|_| ask == "1"),
            oldest,
        })
    }
}

#[cfg(test)]
mod tests;
