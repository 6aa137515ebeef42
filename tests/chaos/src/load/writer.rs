//! Writes the messages of a plan. All times are milliseconds from the start of the run.

use super::case_inputs::{Expiry, RequestContent, RequestedDoor, Stay};
use super::doors::DoorPool;
use super::{Content, Outgoing};
use crate::fixtures::{Fixtures, REQUEST_TTL_SECONDS};
use crate::history::{Booking, DeadLetterReason, InvalidMessage, Request};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// The two sources of requests; the same id from both means two requests.
pub(super) const SOURCES: [&str; 2] = ["/booking-system", "/kiosk"];

pub(super) struct Writer<'a> {
    pub(super) rng: StdRng,
    pub(super) fixtures: &'a Fixtures,
    doors: DoorPool,
    start: DateTime<Utc>,
    number: u64,
    requests: u64,
    messages: Vec<Outgoing>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(rng: StdRng, fixtures: &'a Fixtures, start: DateTime<Utc>) -> Self {
        let messages = Vec::new();
        Self {
            rng,
            fixtures,
            doors: DoorPool::new(fixtures),
            start,
            number: 0,
            requests: 0,
            messages,
        }
    }

    /// The number of requests so far, copies included.
    pub(super) fn requests(&self) -> u64 {
        self.requests
    }

    /// All messages before the end, in the order of their times.
    pub(super) fn finish(mut self, duration: Duration) -> Vec<Outgoing> {
        self.messages.retain(|message| message.at < duration);
        self.messages.sort_by_key(|message| message.at);
        self.messages
    }

    pub(super) fn moment(&self, at: i64) -> DateTime<Utc> {
        self.start + TimeDelta::milliseconds(at)
    }

    /// The beginning of the second of a time.
    pub(super) fn second_of(&self, at: i64) -> i64 {
        at - i64::from(self.moment(at).timestamp_subsec_millis())
    }

    pub(super) fn between(&mut self, range: std::ops::Range<i64>) -> i64 {
        self.rng.random_range(range)
    }

    /// A unique name.
    pub(super) fn name(&mut self, kind: &str) -> String {
        self.number += 1;
        format!("{kind}-{:05}", self.number)
    }

    /// A booking from an hour before to an hour after `at`, with this number of doors, reserved until `until`; none if
    /// not enough doors are free.
    pub(super) fn stay(
        &mut self,
        integration: &'static str,
        doors: usize,
        at: i64,
        until: i64,
    ) -> Option<Stay> {
        let mut reserved = Vec::new();
        for _ in 0..doors {
            reserved.push(self.doors.reserve(&mut self.rng, integration, at, until)?);
        }
        let booking = self.name("b");
        let hour = 3_600_000;
        Some(Stay { integration, booking, doors: reserved, starts: at - hour, ends: at + hour })
    }

    /// Publishes a status of the booking at `at`.
    pub(super) fn status(&mut self, stay: &Stay, at: i64, status: &str, revision: Option<u64>) {
        self.status_with_time(stay, at, at, status, revision);
    }

    /// Publishes a status of the booking at `at` with another `time`.
    pub(super) fn status_with_time(
        &mut self,
        stay: &Stay,
        at: i64,
        time: i64,
        status: &str,
        revision: Option<u64>,
    ) {
        let booking = Booking {
            integration: stay.integration.to_owned(),
            booking: stay.booking.clone(),
            status: status.to_owned(),
            objects: stay.doors.iter().map(|door| door.object.clone()).collect(),
            starts_at: self.moment(stay.starts),
            ends_at: self.moment(stay.ends),
            revision,
            time: self.moment(time),
        };
        let mut data = json!({
            "integration_id": booking.integration,
            "booking_id": booking.booking,
            "status": booking.status,
            "object_ids": booking.objects,
            "starts_at": text(booking.starts_at),
            "ends_at": text(booking.ends_at),
        });
        if let Some(revision) = revision {
            data["revision"] = revision.into();
        }
        let id = self.name("s");
        let body = envelope("booking.status.v1", SOURCES[0], &id, booking.time, data);
        self.push(at, "booking.status", &body, Content::Booking(booking));
    }

    /// Publishes a request at `at`; returns it for copies.
    pub(super) fn request(
        &mut self,
        case: &str,
        stay: &Stay,
        door: RequestedDoor<'_>,
        at: i64,
        expiry: Expiry,
    ) -> Request {
        let id = self.name("r");
        let content = RequestContent { source: SOURCES[0], id: &id, case, stay, door };
        self.request_with_id(&content, at, expiry)
    }

    /// Publishes a request with the given source and id at `at`.
    pub(super) fn request_with_id(
        &mut self,
        content: &RequestContent<'_>,
        at: i64,
        expiry: Expiry,
    ) -> Request {
        let RequestContent { source, id, case, stay, door } = content;
        let life = match expiry {
            Expiry::Millis(millis) => millis,
            Expiry::Default => REQUEST_TTL_SECONDS * 1000,
        };
        let with_requested_by = self.rng.random_bool(0.5);
        let request = Request {
            source: (*source).to_owned(),
            id: (*id).to_owned(),
            integration: stay.integration.to_owned(),
            booking: stay.booking.clone(),
            object: door.object().map(str::to_owned),
            requested_by: with_requested_by.then(|| format!("guest-of-{id}")),
            time: self.moment(at),
            expires_at: self.moment(at + life),
            lock: door.lock().map(str::to_owned),
            case: (*case).to_owned(),
        };
        self.send(&request, at, expiry);
        request
    }

    /// Publishes an identical copy of a request.
    pub(super) fn copy(&mut self, request: &Request, at: i64) {
        self.send(request, at, Expiry::Millis(0));
    }

    fn send(&mut self, request: &Request, at: i64, expiry: Expiry) {
        let mut data = Map::new();
        data.insert("integration_id".to_owned(), request.integration.clone().into());
        data.insert("booking_id".to_owned(), request.booking.clone().into());
        if let Some(object) = &request.object {
            data.insert("object_id".to_owned(), object.clone().into());
        }
        if let Some(requested_by) = &request.requested_by {
            data.insert("requested_by".to_owned(), requested_by.clone().into());
        }
        if matches!(expiry, Expiry::Millis(_)) {
            data.insert("expires_at".to_owned(), text(request.expires_at).into());
        }
        let kind = "lock.open-request.v1";
        let body = envelope(kind, &request.source, &request.id, request.time, data.into());
        self.requests += 1;
        self.push(at, "lock.open-request", &body, Content::Request(request.clone()));
    }

    /// Publishes a request with the same source and id for a booking that does not exist. Where the first request is
    /// known, it becomes a dead letter.
    pub(super) fn id_conflict(&mut self, first: &Request, at: i64) {
        let mark = self.name("conflict");
        let data = json!({
            "integration_id": first.integration,
            "booking_id": mark,
            "expires_at": text(first.expires_at),
        });
        let kind = "lock.open-request.v1";
        let body = envelope(kind, &first.source, &first.id, first.time, data).to_string();
        let message = InvalidMessage {
            mark,
            queue: "postern.open-requests".to_owned(),
            body: body.clone(),
            reason: DeadLetterReason::IdConflict.code().to_owned(),
        };
        self.invalid_message(at, "lock.open-request", body.into_bytes(), message);
    }

    /// Publishes an invalid message.
    pub(super) fn invalid_message(
        &mut self,
        at: i64,
        routing_key: &'static str,
        body: Vec<u8>,
        message: InvalidMessage,
    ) {
        let content = Content::Invalid(message);
        self.messages.push(Outgoing { at: offset(at), routing_key, body, content });
    }

    fn push(&mut self, at: i64, routing_key: &'static str, body: &Value, content: Content) {
        let body = serde_json::to_vec(body).expect("JSON can be written");
        self.messages.push(Outgoing { at: offset(at), routing_key, body, content });
    }
}

fn offset(at: i64) -> Duration {
    Duration::from_millis(u64::try_from(at).unwrap_or_default())
}

/// RFC 3339 with microseconds.
pub(super) fn text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// A CloudEvent around `data`.
pub(super) fn envelope(
    kind: &str,
    source: &str,
    id: &str,
    time: DateTime<Utc>,
    data: Value,
) -> Value {
    json!({
        "specversion": "1.0",
        "type": kind,
        "source": source,
        "id": id,
        "time": text(time),
        "data": data,
    })
}
