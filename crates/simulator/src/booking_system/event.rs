//! The events that are published.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

/// How long a guest waits in front of a door.
const EXPIRY: TimeDelta = TimeDelta::seconds(30);

/// 400 days: postern takes no booking that ends later.
const MOST_MINUTES: u32 = 400 * 24 * 60;

/// A booking of one door, with times from now on.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BookingRequest {
    pub(crate) integration: String,
    pub(crate) booking: String,
    pub(crate) object: String,
    #[serde(default = "default_status")]
    pub(crate) status: String,
    /// Negative: it has begun.
    #[serde(default)]
    pub(crate) begins_in_minutes: i32,
    #[serde(default = "default_minutes")]
    pub(crate) lasts_minutes: u32,
}

/// A guest in front of a door.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RingRequest {
    pub(crate) integration: String,
    pub(crate) booking: String,
    /// Needed where the booking has several.
    pub(crate) object: Option<String>,
}

/// An event, and how it is addressed.
pub(super) struct OutgoingEvent {
    pub(super) id: String,
    pub(super) routing_key: String,
    pub(super) body: Value,
}

impl Default for BookingRequest {
    fn default() -> Self {
        Self {
            integration: String::new(),
            booking: "b-1".to_owned(),
            object: String::new(),
            status: default_status(),
            begins_in_minutes: 0,
            lasts_minutes: default_minutes(),
        }
    }
}

fn default_status() -> String {
    "confirmed".to_owned()
}

fn default_minutes() -> u32 {
    120
}

impl BookingRequest {
    /// # Errors
    /// The member that is empty or out of range.
    pub(super) fn event(&self, now: DateTime<Utc>) -> Result<OutgoingEvent, String> {
        let Self { integration, booking, object, status, .. } = self;
        for (member, value) in [
            ("integration", integration),
            ("booking", booking),
            ("object", object),
            ("status", status),
        ] {
            not_empty(member, value)?;
        }
        let (begins, lasts) = (self.begins_in_minutes, self.lasts_minutes);
        if begins.unsigned_abs() > MOST_MINUTES {
            return Err(format!(
                "begins_in_minutes must be from -{MOST_MINUTES} to {MOST_MINUTES}, not {begins}"
            ));
        }
        if lasts == 0 || lasts > MOST_MINUTES {
            return Err(format!("lasts_minutes must be from 1 to {MOST_MINUTES}, not {lasts}"));
        }
        let starts_at = now + TimeDelta::minutes(i64::from(begins));
        let ends_at = starts_at + TimeDelta::minutes(i64::from(lasts));
        let data = json!({
            "integration_id": integration,
            "booking_id": booking,
            "status": status,
            "object_ids": [object],
            "starts_at": time(starts_at),
            "ends_at": time(ends_at),
        });
        Ok(OutgoingEvent::new("booking.status", integration, now, data))
    }
}

impl RingRequest {
    /// # Errors
    /// The member that is empty.
    pub(super) fn event(&self, now: DateTime<Utc>) -> Result<OutgoingEvent, String> {
        let Self { integration, booking, object } = self;
        not_empty("integration", integration)?;
        not_empty("booking", booking)?;
        let mut data = json!({
            "integration_id": integration,
            "booking_id": booking,
            "expires_at": time(now + EXPIRY),
        });
        if let Some(object) = object {
            not_empty("object", object)?;
            data["object_id"] = json!(object);
        }
        Ok(OutgoingEvent::new("lock.open-request", integration, now, data))
    }
}

impl OutgoingEvent {
    fn new(kind: &str, integration: &str, now: DateTime<Utc>, data: Value) -> Self {
        let id = Uuid::new_v4().to_string();
        let body = json!({
            "specversion": "1.0",
            "type": format!("{kind}.v1"),
            "source": "/salto-simulator",
            "id": id,
            "time": time(now),
            "data": data,
        });
        Self { id, routing_key: format!("{kind}.{integration}"), body }
    }
}

fn not_empty(member: &str, value: &str) -> Result<(), String> {
    if value.is_empty() { Err(format!("{member} must not be empty")) } else { Ok(()) }
}

fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}
