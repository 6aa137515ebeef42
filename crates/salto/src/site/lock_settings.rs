//! The settings of a lock: how long it stays open after an opening (`docs/salto-ks.md`, What else stands between a
//! command and a door). A command that is repeated later opens the door a second time.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;
use uuid::Uuid;

use super::Site;
use super::calls::SiteCalls;
use crate::error::CallError;
use crate::http::answer::CallTarget;

/// What a lock can be set to, in seconds (`docs/salto-ks.md`, Connect API).
const SECONDS: RangeInclusive<u64> = 1..=240;

impl Site {
    /// How long a lock stays open, where this process has read it. Makes no call.
    #[must_use]
    pub fn open_time(&self, lock: Uuid) -> Option<Duration> {
        self.calls.open_times.get(lock)
    }

    /// Reads it, to be run beside commands. `Some` only where that is due and was not returned a moment ago.
    #[must_use]
    pub fn open_time_reading(
        &self,
        lock: Uuid,
    ) -> Option<impl Future<Output = Result<(), CallError>> + Send + 'static + use<>> {
        let calls = Arc::clone(&self.calls);
        let due = calls.open_times.begin_if_due(lock, Instant::now());
        due.then_some(async move { read(&calls, lock).await.map(drop) })
    }

    /// How long a lock stays open, read now. `None` where its settings do not say so.
    ///
    /// # Errors
    /// A call failed, or the account has no such site.
    pub async fn read_open_time(&self, lock: Uuid) -> Result<Option<Duration>, CallError> {
        read(&self.calls, lock).await
    }
}

async fn read(calls: &SiteCalls, lock: Uuid) -> Result<Option<Duration>, CallError> {
    let url = calls.site_url(&["locks", &lock.to_string(), "settings"]).await?;
    let answer = calls.get(url, CallTarget::Unpublished).await?;
    let open_time = open_time(&answer.body);
    calls.open_times.set(lock, open_time, Instant::now());
    Ok(open_time)
}

/// The open time in the settings of a lock. The name of the member is not public, so that each one counts that
/// speaks of the time of an opening (decision); of several the shortest, which permits least.
fn open_time(body: &[u8]) -> Option<Duration> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let outer = body.as_object()?;
    let inner = outer.values().filter_map(Value::as_object).flatten();
    let times = outer.iter().chain(inner).filter(|(name, _)| is_open_time(name));
    times.filter_map(|(_, value)| seconds(value)).min()
}

fn is_open_time(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    has(&["open", "unlock"]) && has(&["time", "duration", "second", "period"])
}

fn seconds(value: &Value) -> Option<Duration> {
    let seconds = value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())?;
    SECONDS.contains(&seconds).then(|| Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_open_time_is_read_leniently() {
        for (body, expected) in [
            (r#"{"open_time": 5}"#, Some(5)),
            (r#"{"unlock_duration": "240", "id": 7}"#, Some(240)),
            (r#"{"settings": {"opening_time_seconds": 3}, "open_time": 9}"#, Some(3)),
            (r#"{"open_time": 0, "OpeningTime": 241}"#, None),
            (r#"{"time_zone": 5, "open": true, "open_time": null}"#, None),
            ("[]", None),
            ("<html>", None),
        ] {
            let expected = expected.map(Duration::from_secs);
            assert_eq!(open_time(body.as_bytes()), expected, "{body}");
        }
    }
}
