//! When a booking's status is stored, as far as that can be known from outside.
//!
//! A status that the broker has confirmed, and that is neither waiting nor unacknowledged any more, has been stored. The
//! broker's numbers are some seconds old, so only what was confirmed well before counts.

use crate::history::{Fault, Stored, Target};
use crate::stage::Stage;
use chrono::{DateTime, TimeDelta, Utc};
use end_to_end::http;
use serde_json::Value;
use std::sync::Mutex;
use std::time::Duration;

/// A quorum queue tells its numbers every five seconds, and the management plugin collects them every five.
const AGE: TimeDelta = TimeDelta::seconds(12);
/// A node that has just come back, or thawed, tells numbers from before or none.
const AFTER_TROUBLE: TimeDelta = TimeDelta::seconds(15);
const EVERY: Duration = Duration::from_secs(1);

/// Moments at which no status was on its way.
#[derive(Debug, Default)]
pub struct Watch {
    idle: Mutex<Vec<DateTime<Utc>>>,
}

impl Watch {
    /// Looks for ever.
    pub async fn look(&self, stage: &Stage) {
        let vhost = stage.world.vhost.url().rsplit('/').next().expect("a virtual host").to_owned();
        let url = format!("{}/api/queues/{vhost}", stage.management_url);
        loop {
            tokio::time::sleep(EVERY).await;
            let now = Utc::now();
            if on_their_way(&url).await == Some(0) {
                self.idle.lock().expect("no holder panics").push(now);
            }
        }
    }

    /// What follows from what was seen, where the broker could be trusted.
    pub fn stored(&self, faults: &[Fault]) -> Vec<Stored> {
        let trusted = |seen_at: &DateTime<Utc>| {
            let broker = faults.iter().filter(|fault| fault.target == Target::Broker);
            !broker
                .into_iter()
                .any(|fault| fault.from <= *seen_at && *seen_at <= fault.until + AFTER_TROUBLE)
        };
        let idle = self.idle.lock().expect("no holder panics");
        let stored = |seen_at: &DateTime<Utc>| Stored {
            confirmed_before: *seen_at - AGE,
            seen_at: *seen_at,
        };
        idle.iter().filter(|seen_at| trusted(seen_at)).map(stored).collect()
    }
}

/// Messages with a booking's status in the queues of postern, unacknowledged ones included.
async fn on_their_way(url: &str) -> Option<u64> {
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
