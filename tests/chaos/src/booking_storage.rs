//! Observes when booking statuses are stored, as far as that can be known from outside.
//!
//! A status that the broker has confirmed, and that is neither waiting nor unacknowledged any more, has been stored.
//! The broker's counts are some seconds old, so only statuses that were confirmed well before count.

use crate::history::{Fault, Stored, Target};
use crate::system::SystemUnderTest;
use chrono::{DateTime, TimeDelta, Utc};
use end_to_end::http;
use serde_json::Value;
use std::sync::Mutex;
use std::time::Duration;

/// The age of a count: a quorum queue emits its counts every five seconds, and the management plugin collects them
/// every five.
const AGE: TimeDelta = TimeDelta::seconds(12);
/// After a restart or a SIGCONT, a node shows old counts or none.
const AFTER_FAULT: TimeDelta = TimeDelta::seconds(15);
const EVERY: Duration = Duration::from_secs(1);

/// Times at which no status was waiting or unacknowledged.
#[derive(Debug, Default)]
pub struct BookingStorageWatch {
    idle: Mutex<Vec<DateTime<Utc>>>,
}

impl BookingStorageWatch {
    /// Observes the queues until the task is aborted.
    pub async fn run(&self, system: &SystemUnderTest) {
        let vhost = system.setup.vhost.url().rsplit('/').next().expect("a virtual host").to_owned();
        let url = format!("{}/api/queues/{vhost}", system.management_url);
        loop {
            tokio::time::sleep(EVERY).await;
            let now = Utc::now();
            if unsettled_statuses(&url).await == Some(0) {
                self.idle.lock().expect("no holder panics").push(now);
            }
        }
    }

    /// What follows from the observations, without those during and shortly after a fault of the broker.
    pub fn stored(&self, faults: &[Fault]) -> Vec<Stored> {
        let trusted = |seen_at: &DateTime<Utc>| {
            let broker = faults.iter().filter(|fault| fault.target == Target::Broker);
            !broker
                .into_iter()
                .any(|fault| fault.from <= *seen_at && *seen_at <= fault.until + AFTER_FAULT)
        };
        let idle = self.idle.lock().expect("no holder panics");
        let stored = |seen_at: &DateTime<Utc>| Stored {
            confirmed_before: *seen_at - AGE,
            seen_at: *seen_at,
        };
        idle.iter().filter(|seen_at| trusted(seen_at)).map(stored).collect()
    }
}

/// The number of booking statuses in postern's queues, unacknowledged ones included.
async fn unsettled_statuses(url: &str) -> Option<u64> {
    let answer = http::client().get(url).timeout(Duration::from_secs(3)).send().await.ok()?;
    let queues: Vec<Value> = answer.json().await.ok()?;
    let mut sum = 0;
    let mut found = false;
    for queue in queues {
        let name = queue["name"].as_str()?;
        if name == "postern.booking-status" {
            found = true;
            sum += queue["messages"].as_u64()?;
        } else if name.contains("booking") {
            sum += queue["messages"].as_u64().unwrap_or_default();
        }
    }
    found.then_some(sum)
}
