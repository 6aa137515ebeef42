//! The good run: forty seconds from midnight, a request of each kind.

use crate::history::{
    Booking, Command, DeadLetter, Event, Exit, Fault, Garbage, History, Integration, Opening,
    Place, Published, Request, Rules, Secret, Sent, Stored, Target, TokenCount,
};
use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(super) const SOURCE: &str = "/booking-system";
pub(super) const NORTH: &str = "north";
pub(super) const OFF: &str = "off";

/// So many seconds after midnight.
pub(super) fn at(seconds: f64) -> DateTime<Utc> {
    let midnight = Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap();
    midnight + TimeDelta::milliseconds((seconds * 1000.0) as i64)
}

fn sent(seconds: f64) -> Sent {
    Sent { first: at(seconds), confirmed: Some(at(seconds + 0.01)), copies: 1 }
}

fn lock(door: u32) -> String {
    format!("lock-{door}")
}

fn door(door: u32) -> String {
    format!("door-{door}")
}

/// A booking of the door of the same number, from an hour ago to in an hour.
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

/// A request for it, good for ten seconds.
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
        story: "guest".to_owned(),
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
        let more = json!({"reason": reason, "attempts": attempts});
        self.event(number, seconds, "lock.open-failed", more);
        let body = json!({"source": SOURCE, "id": format!("r{number}")}).to_string();
        self.dead_letters.push(DeadLetter {
            reason: reason.to_owned(),
            queue: "postern.open-requests".to_owned(),
            body,
            headers: BTreeMap::new(),
        });
    }

    /// Somebody was struck for so long.
    pub(super) fn struck(
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

    /// Takes every event about a request away.
    pub(super) fn unsay(&mut self, number: u32) {
        let id = format!("r{number}");
        self.events.retain(|event| event.text("request_id") != id);
    }
}

fn rules() -> Rules {
    let locks: BTreeMap<_, _> = (1..=20).map(|number| (door(number), lock(number))).collect();
    let north = Integration {
        id: NORTH.to_owned(),
        active: true,
        username: "north@example".to_owned(),
        check_in_status: Some("checked_in".to_owned()),
        locks: locks.clone(),
        default_lock: None,
    };
    let username = "off@example".to_owned();
    let off = Integration { id: OFF.to_owned(), active: false, username, ..north.clone() };
    Rules {
        integrations: vec![north, off],
        open_from: vec!["paid".to_owned()],
        minutes_before: 15,
        request_ttl_seconds: 20,
        booking_wait_seconds: 4,
        command_timeout_seconds: 4,
        resend_window_seconds: 5,
        token_seconds: 90,
    }
}

/// Requests by number: 1 opened, 2 rejected, 3 opened after a doubt, 4 unknown, 5 refused for its one-time password, 6 too
/// early, 7 expired, 8 opened after a pause, 9 asked and answered twice.
pub(super) fn history() -> History {
    let mut history = History {
        seed: 1,
        rules: rules(),
        began: at(0.0),
        ended: at(60.0),
        bookings: (1..=9).map(|number| booking(number, 1, "paid", 0.0)).collect(),
        requests: Vec::new(),
        garbage: Vec::new(),
        events: Vec::new(),
        dead_letters: Vec::new(),
        commands: Vec::new(),
        openings: Vec::new(),
        audit: Vec::new(),
        tokens: vec![TokenCount {
            grant: "password".to_owned(),
            username: "north@example".to_owned(),
            granted: 1,
            denied: 0,
        }],
        queues: BTreeMap::from([("postern.open-requests".to_owned(), 0)]),
        stored: (13..60)
            .map(|second| Stored {
                confirmed_before: at(f64::from(second) - 12.0),
                seen_at: at(f64::from(second)),
            })
            .collect(),
        faults: Vec::new(),
        exits: vec![Exit {
            worker: 0,
            asked_at: at(55.0),
            ended_at: at(56.0),
            status: Some(0),
            asked: true,
        }],
        places: vec![Place { name: "worker-0.log".to_owned(), content: b"all is well".to_vec() }],
        secrets: vec![
            Secret::Bytes { kind: "a password".to_owned(), value: b"open sesame".to_vec() },
            Secret::Word { kind: "a PIN".to_owned(), value: "0042".to_owned() },
            Secret::WordsOfLength { kind: "a token".to_owned(), length: 43 },
        ],
    };
    history.bookings.push(booking(2, 2, "cancelled", 1.0));
    history.bookings[5].what.starts_at = at(7200.0);
    history.bookings[5].what.ends_at = at(9000.0);
    history.requests = (1..=9).map(|number| request(number, 20.0 + f64::from(number))).collect();
    requests(&mut history);
    garbage(&mut history);
    history
}

fn requests(history: &mut History) {
    history.command(1, 21.1, "opened", Some(200));
    history.opened(1, 21.2, 1);
    history.rejected(2, 22.2, "status_not_allowed");
    history.command(3, 23.1, "opened", None);
    history.command(3, 24.3, "opened", Some(200));
    history.opened(3, 24.4, 2);
    for seconds in [24.1, 25.3, 27.3] {
        history.command(4, seconds, "fault", None);
    }
    history.failed(4, 30.0, "outcome_unknown", 3);
    history.command(5, 25.1, "otp_invalid", Some(400));
    history.failed(5, 25.2, "otp_invalid", 1);
    let opens_at = at(7200.0 - 900.0).to_rfc3339();
    let more = json!({"reason": "too_early", "attempts": 0, "opens_at": opens_at});
    history.event(6, 26.2, "lock.open-rejected", more);
    history.requests[6].what.expires_at = at(26.0);
    history.rejected(7, 27.2, "request_expired");
    history.command(8, 31.0, "fault", Some(429));
    history.struck("salto-rate-limit", Target::Salto, 30.9, 31.5).retry_after = Some(4);
    history.command(8, 35.2, "opened", Some(200));
    history.opened(8, 35.3, 2);
    history.command(9, 36.1, "opened", Some(200));
    history.requests[8].what.expires_at = at(39.0);
    let again = Published { sent: sent(36.2), ..history.requests[8].clone() };
    history.requests.push(again);
    history.opened(9, 36.2, 1);
    history.opened(9, 36.2, 1);
}

fn garbage(history: &mut History) {
    let garbage = Garbage {
        mark: "garbage-1".to_owned(),
        queue: "postern.open-requests".to_owned(),
        body: "{garbage-1".to_owned(),
        reason: "malformed".to_owned(),
    };
    history.dead_letters.push(DeadLetter {
        reason: garbage.reason.clone(),
        queue: garbage.queue.clone(),
        body: garbage.body.clone(),
        headers: BTreeMap::new(),
    });
    history.garbage.push(Published { what: garbage, sent: sent(20.0) });
}

/// The lines that belong to the first answer of each request.
pub(super) fn audit(history: &History) -> Vec<Value> {
    let mut lines = BTreeMap::new();
    for event in history.events.iter().filter(|event| event.is_terminal()) {
        let outcome = match event.kind() {
            "lock.opened.v1" => "opened",
            "lock.open-rejected.v1" => "rejected",
            _ => "failed",
        };
        let mut line = json!({"id": event.id(), "at": event.body["time"], "outcome": outcome});
        let data = event.body["data"].as_object().unwrap().clone();
        line.as_object_mut().unwrap().extend(data);
        lines.entry(event.request()).or_insert(line);
    }
    lines.into_values().collect()
}
