//! The valid run: a minute from midnight, with a request of each kind.

use super::builders::{NORTH, OFF, at, booking, door, lock, request, sent};
use crate::history::{
    Answer, Artifact, DeadLetter, Exit, History, Integration, InvalidMessage, Published, Rules,
    Secret, Stored, Target, TokenCount,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

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
        retention_seconds: 2,
    }
}

/// The valid run. Its requests by number: 1 opened, 2 rejected, 3 opened after a command in doubt, 4 outcome unknown,
/// 5 one-time password rejected, 6 too early, 7 expired, 8 opened after a pause, 9 published and answered twice.
pub(super) fn history() -> History {
    let mut history = History {
        seed: 1,
        rules: rules(),
        began: at(0.0),
        ended: at(60.0),
        bookings: (1..=9).map(|number| booking(number, 1, "paid", 0.0)).collect(),
        requests: Vec::new(),
        invalid_messages: Vec::new(),
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
        stored_bookings: Vec::new(),
        faults: Vec::new(),
        exits: vec![Exit {
            worker: 0,
            asked_at: at(55.0),
            ended_at: at(56.0),
            status: Some(0),
            asked: true,
        }],
        artifacts: vec![Artifact {
            name: "worker-0.log".to_owned(),
            content: b"all is well".to_vec(),
        }],
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
    invalid_messages(&mut history);
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
    history.add_fault("salto-rate-limit", Target::Salto, 30.9, 31.5).retry_after = Some(4);
    history.command(8, 35.2, "opened", Some(200));
    history.opened(8, 35.3, 2);
    history.command(9, 36.1, "opened", Some(200));
    history.requests[8].what.expires_at = at(39.0);
    let again = Published { sent: sent(36.2), ..history.requests[8].clone() };
    history.requests.push(again);
    history.opened(9, 36.2, 1);
    history.opened(9, 36.2, 1);
}

fn invalid_messages(history: &mut History) {
    let message = InvalidMessage {
        mark: "invalid-1".to_owned(),
        queue: "postern.open-requests".to_owned(),
        body: "{invalid-1".to_owned(),
        reason: "malformed".to_owned(),
    };
    history.dead_letters.push(DeadLetter {
        reason: message.reason.clone(),
        queue: message.queue.clone(),
        body: message.body.clone(),
        headers: BTreeMap::new(),
    });
    history.invalid_messages.push(Published { what: message, sent: sent(20.0) });
}

/// The audit lines of the first answers of all requests.
pub(super) fn audit(history: &History) -> Vec<Value> {
    let mut lines = BTreeMap::new();
    for event in history.events.iter().filter(|event| event.is_terminal()) {
        let outcome = match event.answer() {
            Some(Answer::Opened) => "opened",
            Some(Answer::Rejected(_)) => "rejected",
            Some(Answer::Failed(_)) | None => "failed",
        };
        let mut line = json!({"id": event.id(), "at": event.body["time"], "outcome": outcome});
        let data = event.body["data"].as_object().unwrap().clone();
        line.as_object_mut().unwrap().extend(data);
        lines.entry(event.request()).or_insert(line);
    }
    lines.into_values().collect()
}
