//! Observes what Redis stores of bookings: after each change of a booking, its record is read.
//!
//! A record that was read at a time had been stored before. How long before is not known, but Redis announces each
//! change at once, so the times are some milliseconds late without a fault of Redis.

use crate::history::StoredBooking;
use crate::system::SystemUnderTest;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use deadpool_redis::redis::{Client, RedisResult, cmd};
use futures_util::StreamExt;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

/// Keyspace notifications for commands on hashes.
const NOTIFICATIONS: &str = "Kh";
const PAUSE: Duration = Duration::from_millis(100);

/// The records that were read, each with the first time.
#[derive(Debug, Default)]
pub struct StoredBookingWatch {
    stored: Mutex<Vec<StoredBooking>>,
}

/// The fields of a record.
type Fields = (Option<String>, Option<String>, Option<String>);

impl StoredBookingWatch {
    /// Observes Redis until the task is aborted. After a restart of Redis, it connects again.
    pub async fn run(&self, system: &SystemUnderTest) {
        let mut known = BTreeSet::new();
        loop {
            let prefix = format!("{}booking:", system.setup.key_prefix());
            let _ = self.observe(system.setup.redis_url(), &prefix, &mut known).await;
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// All records so far.
    pub fn stored(&self) -> Vec<StoredBooking> {
        self.stored.lock().expect("no holder panics").clone()
    }

    async fn observe(
        &self,
        url: &str,
        prefix: &str,
        known: &mut BTreeSet<(String, Fields)>,
    ) -> RedisResult<()> {
        let client = Client::open(url)?;
        let mut connection = client.get_multiplexed_async_connection().await?;
        let mut notifications = client.get_async_pubsub().await?;
        let set = ["SET", "notify-keyspace-events", NOTIFICATIONS];
        cmd("CONFIG").arg(&set).query_async::<()>(&mut connection).await?;
        let channel = format!("__keyspace@0__:{prefix}");
        notifications.psubscribe(format!("{channel}*")).await?;
        let mut changes = notifications.on_message();
        while let Some(change) = changes.next().await {
            let Some(booking) = change.get_channel_name().strip_prefix(&channel) else { continue };
            let mut read = cmd("HMGET");
            read.arg(format!("{prefix}{booking}")).arg(&["version", "record", "tied"]);
            let fields: Fields = read.query_async(&mut connection).await?;
            let seen_at = Utc::now();
            if !known.insert((booking.to_owned(), fields.clone())) {
                continue;
            }
            let stored = record(booking, &fields, seen_at);
            self.stored.lock().expect("no holder panics").extend(stored);
        }
        Ok(())
    }
}

fn record(key: &str, fields: &Fields, seen_at: DateTime<Utc>) -> Option<StoredBooking> {
    let (integration, booking) = key.split_once(':')?;
    let (version, record, tied) = fields;
    let version = version.as_deref()?;
    let (revision, time) = read_version(version)?;
    // The states that are tied with the first one; the first line is the version to which they belong.
    let mut lines = tied.as_deref().unwrap_or_default().lines();
    let belongs = lines.next() == Some(version);
    let states = record.as_deref().into_iter().chain(lines.filter(|_| belongs));
    let status = |state: &str| {
        let state: Value = serde_json::from_str(state).ok()?;
        Some(state["status"].as_str()?.to_owned())
    };
    Some(StoredBooking {
        integration: integration.to_owned(),
        booking: booking.to_owned(),
        revision,
        time,
        statuses: states.filter_map(status).collect(),
        seen_at,
    })
}

/// The revision and the time in a version: `1.REVISION.YEAR-DAY-SECOND.NANOSECOND`, `0.0….` without a revision.
fn read_version(version: &str) -> Option<(Option<u64>, DateTime<Utc>)> {
    let parts: Vec<&str> = version.split('.').collect();
    let [counted, revision, date, nanosecond] = parts[..] else { return None };
    let date: Vec<u32> = date.split('-').map_while(|part| part.parse().ok()).collect();
    let [year, day, second] = date[..] else { return None };
    let day = NaiveDate::from_yo_opt(i32::try_from(year).ok()?, day)?;
    let time = NaiveTime::from_num_seconds_from_midnight_opt(second, nanosecond.parse().ok()?)?;
    let revision = (counted == "1").then(|| revision.parse().ok());
    Some((revision.flatten(), day.and_time(time).and_utc()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;

    #[test]
    fn a_record_and_its_tied_states_are_read() {
        let version = "0.00000000000000000000.02026-032-03723.000005000";
        let state = |status: &str| format!(r#"{{"status":"{status}"}}"#);
        let tied = format!("{version}\n{}\n", state("cancelled"));
        let fields = (Some(version.to_owned()), Some(state("paid")), Some(tied));
        let stored = record("north:b-1", &fields, Utc::now()).unwrap();
        let time = Utc.with_ymd_and_hms(2026, 2, 1, 1, 2, 3).unwrap();
        assert_eq!((stored.integration.as_str(), stored.booking.as_str()), ("north", "b-1"));
        assert_eq!((stored.revision, stored.time.timestamp()), (None, time.timestamp()));
        assert_eq!(stored.time.timestamp_subsec_micros(), 5);
        assert_eq!(stored.statuses, ["paid", "cancelled"]);
        let older = Some("1.00000000000000000007.02026-032-03723.000000000".to_owned());
        let stored = record("north:b-1", &(older, fields.1, fields.2), Utc::now()).unwrap();
        assert_eq!((stored.revision, stored.statuses), (Some(7), vec!["paid".to_owned()]));
    }
}
