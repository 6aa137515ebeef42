//! Writes a plan's messages. All offsets are milliseconds from the beginning of the run.

use super::doors::Doors;
use super::{Content, Outgoing};
use crate::history::{Booking, Garbage, Request};
use crate::town::{Door, REQUEST_TTL_SECONDS, Town};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// The two systems that ask for doors; an id of one is not the other's.
pub(super) const SOURCES: [&str; 2] = ["/booking-system", "/kiosk"];

/// A booking while its story is told.
#[derive(Debug, Clone)]
pub(super) struct Stay {
    pub(super) integration: &'static str,
    pub(super) booking: String,
    pub(super) doors: Vec<Door>,
    pub(super) starts: i64,
    pub(super) ends: i64,
}

/// How a request names its end.
#[derive(Debug, Clone, Copy)]
pub(super) enum Life {
    /// `expires_at`, so long after its publication.
    Millis(i64),
    /// Nothing: the configured time counts.
    Default,
}

pub(super) struct Writer<'a> {
    pub(super) rng: StdRng,
    pub(super) town: &'a Town,
    doors: Doors,
    start: DateTime<Utc>,
    number: u64,
    requests: u64,
    messages: Vec<Outgoing>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(rng: StdRng, town: &'a Town, start: DateTime<Utc>) -> Self {
        let messages = Vec::new();
        Self { rng, town, doors: Doors::new(town), start, number: 0, requests: 0, messages }
    }

    /// How many requests there are so far, copies included.
    pub(super) fn requests(&self) -> u64 {
        self.requests
    }

    /// All that is to be published before the end, in order.
    pub(super) fn finish(mut self, duration: Duration) -> Vec<Outgoing> {
        self.messages.retain(|message| message.at < duration);
        self.messages.sort_by_key(|message| message.at);
        self.messages
    }

    pub(super) fn moment(&self, at: i64) -> DateTime<Utc> {
        self.start + TimeDelta::milliseconds(at)
    }

    pub(super) fn between(&mut self, range: std::ops::Range<i64>) -> i64 {
        self.rng.random_range(range)
    }

    /// A word that was never given before.
    pub(super) fn name(&mut self, kind: &str) -> String {
        self.number += 1;
        format!("{kind}-{:05}", self.number)
    }

    /// A booking from an hour ago to in an hour, with so many doors that are held until `until`; none where there are
    /// not so many.
    pub(super) fn stay(
        &mut self,
        integration: &'static str,
        doors: usize,
        (at, until): (i64, i64),
    ) -> Option<Stay> {
        let mut taken = Vec::new();
        for _ in 0..doors {
            taken.push(self.doors.take(&mut self.rng, integration, at, until)?);
        }
        let booking = self.name("b");
        let hour = 3_600_000;
        Some(Stay { integration, booking, doors: taken, starts: at - hour, ends: at + hour })
    }

    /// Publishes a status of it at `at`; its `time` is so many milliseconds off.
    pub(super) fn status(
        &mut self,
        stay: &Stay,
        (at, off): (i64, i64),
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
            time: self.moment(at + off),
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

    /// Publishes a request for a door of the stay at `at`, `named` or not; gives it back for copies.
    pub(super) fn ask(
        &mut self,
        story: &str,
        stay: &Stay,
        (door, named): (Option<&Door>, bool),
        at: i64,
        life: Life,
    ) -> Request {
        let id = self.name("r");
        self.ask_as((SOURCES[0], &id), story, stay, (door, named), at, life)
    }

    /// The same under a name of the caller's choice.
    pub(super) fn ask_as(
        &mut self,
        (source, id): (&str, &str),
        story: &str,
        stay: &Stay,
        (door, named): (Option<&Door>, bool),
        at: i64,
        life: Life,
    ) -> Request {
        let ttl = REQUEST_TTL_SECONDS * 1000;
        let lives = match life {
            Life::Millis(millis) => millis,
            Life::Default => ttl,
        };
        let who = self.rng.random_bool(0.5);
        let request = Request {
            source: source.to_owned(),
            id: id.to_owned(),
            integration: stay.integration.to_owned(),
            booking: stay.booking.clone(),
            object: door.filter(|_| named).map(|door| door.object.clone()),
            requested_by: who.then(|| format!("guest-of-{id}")),
            time: self.moment(at),
            expires_at: self.moment(at + lives),
            lock: door.map(|door| door.lock.clone()).filter(|lock| !lock.is_empty()),
            story: story.to_owned(),
        };
        self.send(&request, at, matches!(life, Life::Default));
        request
    }

    /// Publishes a request once more, as it is.
    pub(super) fn again(&mut self, request: &Request, at: i64) {
        self.send(request, at, false);
    }

    fn send(&mut self, request: &Request, at: i64, unsaid: bool) {
        let mut data = Map::new();
        data.insert("integration_id".to_owned(), request.integration.clone().into());
        data.insert("booking_id".to_owned(), request.booking.clone().into());
        if let Some(object) = &request.object {
            data.insert("object_id".to_owned(), object.clone().into());
        }
        if let Some(who) = &request.requested_by {
            data.insert("requested_by".to_owned(), who.clone().into());
        }
        if !unsaid {
            data.insert("expires_at".to_owned(), text(request.expires_at).into());
        }
        let kind = "lock.open-request.v1";
        let body = envelope(kind, &request.source, &request.id, request.time, data.into());
        self.requests += 1;
        self.push(at, "lock.open-request", &body, Content::Request(request.clone()));
    }

    /// Publishes what nobody can use.
    pub(super) fn garbage(
        &mut self,
        at: i64,
        routing_key: &'static str,
        body: Vec<u8>,
        garbage: Garbage,
    ) {
        let content = Content::Garbage(garbage);
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

/// RFC 3339 with all the digits that a time has here.
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
