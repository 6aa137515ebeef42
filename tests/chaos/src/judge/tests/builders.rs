//! Elements of histories: times, bookings, requests, commands, events and faults.

use crate::history::{
    Booking, Command, DeadLetter, Event, Fault, History, InvalidMessage, Opening, Published,
    Request, Sent, StoredBooking, Target,
};
use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use rules::FailedReason;
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(super) const SOURCE: &str = "/booking-system";
pub(super) const NORTH: &str = "north";
pub(super) const OFF: &str = "off";

/// This number of seconds after midnight.
pub(super) fn at(seconds: f64) -> DateTime<Utc> {
    let midnight = Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap();
    midnight + TimeDelta::milliseconds((seconds * 1000.0) as i64)
}

pub(super) fn sent(seconds: f64) -> Sent {
    Sent { first: at(seconds), confirmed: Some(at(seconds + 0.01)), copies: 1 }
}

pub(super) fn lock(door: u32) -> String {
    format!("lock-{door}")
}

pub(super) fn door(door: u32) -> String {
    format!("door-{door}")
}

/// A booking of the door with the same number, from an hour before to an hour after.
pub(super) fn booking(
    number: u32,
    revision: u64,
    status: &str,
    seconds: f64,
) -> Published<Booking> {
    let what = Booking {
        integration: NORTH.to_owned(),
        booking: format!("b{number}"),
        status: status.to_owned(),
        objects: vec![door(number)],
        starts_at: at(seconds - 3600.0),
        ends_at: at(seconds + 3600.0),
        revision: Some(revision),
        time: at(seconds),
    };
    Published { what, sent: sent(seconds) }
}

/// The record of a booking whose last status was published at that time.
pub(super) fn stored(
    published: &Published<Booking>,
    statuses: &[&str],
    seen: f64,
) -> StoredBooking {
    let Booking { integration, booking, revision, time, .. } = published.what.clone();
    let statuses = statuses.iter().map(ToString::to_string).collect();
    StoredBooking { integration, booking, revision, time, statuses, seen_at: at(seen) }
}

/// Two tied states of a booking.
pub(super) fn tied(number: u32, statuses: [&str; 2], seconds: f64) -> [Published<Booking>; 2] {
    statuses.map(|status| {
        let mut state = booking(number, 1, status, seconds);
        state.what.revision = None;
        state
    })
}

/// A request with the source and id of another one.
pub(super) fn id_conflict(number: u32, seconds: f64) -> Published<InvalidMessage> {
    let mark = format!("conflict-{number}");
    let body = json!({"source": SOURCE, "id": format!("r{number}"), "data": {"booking_id": mark}});
    let what = InvalidMessage {
        mark,
        queue: "postern.open-requests".to_owned(),
        body: body.to_string(),
        reason: "id_conflict".to_owned(),
    };
    Published { what, sent: sent(seconds) }
}

/// The dead letter of an invalid message.
pub(super) fn letter(message: &Published<InvalidMessage>) -> DeadLetter {
    DeadLetter {
        reason: message.what.reason.clone(),
        queue: message.what.queue.clone(),
        body: message.what.body.clone(),
        headers: BTreeMap::new(),
    }
}

/// A request for it, which expires after ten seconds.
pub(super) fn request(number: u32, seconds: f64) -> Published<Request> {
    let what = Request {
        source: SOURCE.to_owned(),
        id: format!("r{number}"),
        integration: NORTH.to_owned(),
        booking: format!("b{number}"),
        object: None,
        requested_by: Some("guest".to_owned()),
        time: at(seconds),
        expires_at: at(seconds + 10.0),
        lock: Some(lock(number)),
        case: "guest".to_owned(),
    };
    Published { what, sent: sent(seconds) }
}

impl History {
    /// A command to the lock of that door.
    pub(super) fn command(
        &mut self,
        number: u32,
        seconds: f64,
        verdict: &str,
        status: Option<u16>,
    ) {
        let seq = self.commands.len() as u64 + 1;
        self.commands.push(Command {
            seq,
            received_at: at(seconds),
            lock_id: Some(lock(number)),
            iq_id: Some("iq".to_owned()),
            username: Some("north@example".to_owned()),
            verdict: verdict.to_owned(),
            status,
            fault: status.is_none().then(|| "reset".to_owned()),
        });
        if verdict == "opened" {
            self.openings.push(Opening {
                seq: self.openings.len() as u64 + 1,
                opened_at: at(seconds),
                lock_id: lock(number),
                command_seq: seq,
            });
        }
    }

    /// An event that answers a request.
    pub(super) fn event(&mut self, number: u32, seconds: f64, kind: &str, more: Value) {
        let role = if kind == "booking.check-in" { "check-in" } else { "terminal" };
        let mut data = json!({
            "integration_id": NORTH,
            "booking_id": format!("b{number}"),
            "requested_by": "guest",
            "request_id": format!("r{number}"),
            "request_source": SOURCE,
        });
        data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let body = json!({
            "specversion": "1.0",
            "id": format!("{role}-of-r{number}"),
            "type": format!("{kind}.v1"),
            "source": "/postern",
            "subject": format!("b{number}"),
            "time": at(seconds).to_rfc3339(),
            "data": data,
        });
        self.events.push(Event { routing_key: format!("{kind}.{NORTH}"), body });
    }

    pub(super) fn opened(&mut self, number: u32, seconds: f64, attempts: u32) {
        self.event(number, seconds, "lock.opened", json!({"attempts": attempts}));
        self.event(number, seconds, "booking.check-in", json!({"status": "checked_in"}));
    }

    pub(super) fn rejected(&mut self, number: u32, seconds: f64, reason: &str) {
        let more = json!({"reason": reason, "attempts": 0});
        self.event(number, seconds, "lock.open-rejected", more);
    }

    pub(super) fn failed(&mut self, number: u32, seconds: f64, reason: &str, attempts: u32) {
        let class = FailedReason::from_code(reason).map(|reason| reason.class().code());
        let more = json!({"reason": reason, "class": class, "attempts": attempts});
        self.event(number, seconds, "lock.open-failed", more);
        let body = json!({"source": SOURCE, "id": format!("r{number}")}).to_string();
        self.dead_letters.push(DeadLetter {
            reason: reason.to_owned(),
            queue: "postern.open-requests".to_owned(),
            body,
            headers: BTreeMap::new(),
        });
    }

    /// Adds a fault.
    pub(super) fn add_fault(
        &mut self,
        kind: &str,
        target: Target,
        from: f64,
        until: f64,
    ) -> &mut Fault {
        self.faults.push(Fault {
            kind: kind.to_owned(),
            target,
            from: at(from),
            until: at(until),
            delay_ms: 0,
            retry_after: None,
            lost_grants: 0,
        });
        self.faults.last_mut().unwrap()
    }

    /// Removes all events of a request.
    pub(super) fn remove_answers(&mut self, number: u32) {
        let id = format!("r{number}");
        self.events.retain(|event| event.text("request_id") != id);
    }
}
