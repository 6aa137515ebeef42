//! A history with indices, for the checks of the judge.

use crate::history::{
    Booking, Command, DeadLetterReason, Event, Fault, History, InvalidMessage, Opening, Published,
    Request, RequestKey, StoredBooking, Target,
};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeMap;

/// The longest transit time of a command or an event on a busy machine, without faults.
const TRANSIT_TIME: TimeDelta = TimeDelta::milliseconds(1500);
/// The longest time from reading the booking until the command's bytes leave (docs/contract.md, invariant 2).
const DECISION_TIME: TimeDelta = TimeDelta::milliseconds(300);

/// A request with all its copies.
#[derive(Debug, Clone, Copy)]
pub struct RequestRecord<'a> {
    pub request: &'a Request,
    /// The first publication of any copy.
    pub first: DateTime<Utc>,
    pub confirmed: Option<DateTime<Utc>>,
    /// The number of messages that the broker may have.
    pub copies: u32,
}

/// The states with one version that a worker may have read. If there are several, they are tied.
#[derive(Debug, Default)]
pub struct Version<'a> {
    /// Each of them, or only some, may have been stored.
    pub possible: Vec<&'a Booking>,
    /// Those that had certainly been stored.
    pub certain: Vec<&'a Booking>,
}

/// A history and its indices.
pub struct HistoryIndex<'a> {
    pub history: &'a History,
    pub requests: BTreeMap<RequestKey, RequestRecord<'a>>,
    pub terminals: BTreeMap<RequestKey, Vec<&'a Event>>,
    /// The messages that have the source and id of a request and another booking.
    pub conflicts: BTreeMap<RequestKey, &'a Published<InvalidMessage>>,
    /// The answers to [`Self::conflicts`].
    pub conflict_answers: BTreeMap<RequestKey, Vec<&'a Event>>,
    pub bookings: BTreeMap<(&'a str, &'a str), Vec<&'a Published<Booking>>>,
    /// What Redis had of each booking.
    stored_bookings: BTreeMap<(&'a str, &'a str), Vec<&'a StoredBooking>>,
    /// By the request for which the lock was reserved; in the order of their arrival.
    pub commands: BTreeMap<RequestKey, Vec<&'a Command>>,
    /// Commands to locks that were not reserved for a request.
    pub unattributed: Vec<&'a Command>,
    /// By the command that caused it.
    pub openings: BTreeMap<u64, &'a Opening>,
}

impl<'a> HistoryIndex<'a> {
    /// Indexes a history.
    pub fn new(history: &'a History) -> Self {
        let requests = requests(history);
        let conflicts = conflicts(history);
        let mut terminals = BTreeMap::<_, Vec<_>>::new();
        let mut conflict_answers = BTreeMap::<_, Vec<_>>::new();
        for event in history.events.iter().filter(|event| event.is_terminal()) {
            let key = event.request();
            let conflict = conflicts.get(&key);
            let answers_conflict =
                conflict.is_some_and(|one| one.what.mark == event.text("booking_id"));
            let events = if answers_conflict { &mut conflict_answers } else { &mut terminals };
            events.entry(key).or_default().push(event);
        }
        let mut bookings = BTreeMap::<_, Vec<_>>::new();
        for booking in &history.bookings {
            bookings.entry(booking.what.key()).or_default().push(booking);
        }
        let mut stored_bookings = BTreeMap::<_, Vec<_>>::new();
        for stored in &history.stored_bookings {
            let key = (stored.integration.as_str(), stored.booking.as_str());
            stored_bookings.entry(key).or_default().push(stored);
        }
        let (commands, unattributed) = attribute(history, &requests);
        let openings = history.openings.iter().map(|one| (one.command_seq, one)).collect();
        Self {
            history,
            requests,
            terminals,
            conflicts,
            conflict_answers,
            bookings,
            stored_bookings,
            commands,
            unattributed,
            openings,
        }
    }

    /// The event that ended a request; the first one if there are several.
    pub fn terminal(&self, key: &RequestKey) -> Option<&'a Event> {
        self.terminals.get(key)?.first().copied()
    }

    /// The commands to a request's lock while it was reserved for the request.
    pub fn commands_of(&self, key: &RequestKey) -> &[&'a Command] {
        self.commands.get(key).map(Vec::as_slice).unwrap_or_default()
    }

    /// The opening that a command caused.
    pub fn opening_of(&self, command: &Command) -> Option<&'a Opening> {
        self.openings.get(&command.seq).copied()
    }

    /// The longest transit time of a command that was received at this time.
    pub fn transit_time(&self, received_at: DateTime<Utc>) -> TimeDelta {
        let since = received_at - TimeDelta::seconds(10);
        let slow = |fault: &&Fault| fault.from <= received_at && since <= fault.until;
        let delays = self.history.faults.iter().filter(slow).map(|fault| fault.delay_ms);
        TRANSIT_TIME + TimeDelta::milliseconds(delays.max().unwrap_or_default().cast_signed())
    }

    /// When a status was known to be stored; none if that is not known.
    pub fn stored_at(&self, booking: &Published<Booking>) -> Option<DateTime<Utc>> {
        let records = self.stored_bookings.get(&booking.what.key());
        let records = records.map(Vec::as_slice).unwrap_or_default().iter();
        let read = records.filter(|one| one.shows(&booking.what)).map(|one| one.seen_at).min();
        let settled = booking.sent.confirmed.and_then(|confirmed| {
            let stored = self.history.stored.iter();
            stored.filter(|one| confirmed < one.confirmed_before).map(|one| one.seen_at).min()
        });
        read.into_iter().chain(settled).min()
    }

    /// The states of a booking that postern may have read at some time from `from` to `until`. A command may leave some
    /// time after the state was read; the caller has to add that time.
    pub fn possible_states(
        &self,
        request: &Request,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Vec<&'a Booking> {
        let key = (request.integration.as_str(), request.booking.as_str());
        let versions = self.bookings.get(&key).map(Vec::as_slice).unwrap_or_default();
        let stored_before = |one: &Published<Booking>, moment| {
            self.stored_at(one).is_some_and(|stored| stored <= moment)
        };
        let outdated = |one: &Published<Booking>| {
            let newer = versions.iter().filter(|other| other.what.is_newer_than(&one.what));
            newer.into_iter().any(|newer| stored_before(newer, from))
        };
        let lost = |one: &Published<Booking>| {
            self.emptied().any(|fault| stored_before(one, fault.from) && fault.until < from)
        };
        let possible =
            versions.iter().filter(|one| one.sent.first <= until && !outdated(one) && !lost(one));
        possible.map(|one| &one.what).collect()
    }

    /// The versions of the booking on which a received command may be based.
    pub fn versions_behind(&self, request: &Request, command: &Command) -> Vec<Version<'a>> {
        let received = command.received_at;
        let read = received - self.transit_time(received) - DECISION_TIME;
        let key = (request.integration.as_str(), request.booking.as_str());
        let published = self.bookings.get(&key).map(Vec::as_slice).unwrap_or_default();
        let mut versions = BTreeMap::<_, Version<'a>>::new();
        for state in self.possible_states(request, read, received) {
            let of_state = |one: &&&Published<Booking>| std::ptr::eq(&raw const one.what, state);
            let stored = published.iter().find(of_state).and_then(|one| self.stored_at(one));
            let certain =
                stored.is_some_and(|stored| stored <= read) && !self.redis_emptied_before(received);
            let version = versions.entry((state.revision, state.time)).or_default();
            version.possible.push(state);
            version.certain.extend(certain.then_some(state));
        }
        versions.into_values().collect()
    }

    /// The faults that emptied Redis.
    pub fn emptied(&self) -> impl Iterator<Item = &'a Fault> {
        self.history.faults.iter().filter(|fault| fault.target == Target::RedisData)
    }

    /// Whether the record of a request may have been removed before this time. Copies that postern has not seen until
    /// then are new requests.
    pub fn forgotten_before(&self, request: &Request, moment: DateTime<Utc>) -> bool {
        moment > request.expires_at + TimeDelta::seconds(self.history.rules.retention_seconds)
    }

    /// The replays of dead letters that ended after this time.
    pub fn replays(&self, after: DateTime<Utc>) -> impl Iterator<Item = &'a Fault> {
        let replays = self.history.faults.iter();
        replays.filter(move |fault| fault.target == Target::DeadLetters && after <= fault.until)
    }

    /// Whether Redis was emptied before this time.
    pub fn redis_emptied_before(&self, moment: DateTime<Utc>) -> bool {
        self.emptied().any(|fault| fault.from <= moment)
    }

    /// Whether a message of that time may have been taken twice, or a part of its processing may have been lost.
    pub fn may_repeat(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> bool {
        // A fault shortly before may take effect only now.
        let from = from - TimeDelta::seconds(10);
        self.history.had_fault(from, until, |fault| fault.target.breaks_messages())
    }
}

fn requests(history: &History) -> BTreeMap<RequestKey, RequestRecord<'_>> {
    let mut requests = BTreeMap::<RequestKey, RequestRecord<'_>>::new();
    for Published { what: request, sent } in &history.requests {
        let record =
            RequestRecord { request, first: sent.first, confirmed: sent.confirmed, copies: 0 };
        let entry = requests.entry(request.key()).or_insert(record);
        entry.first = entry.first.min(sent.first);
        entry.confirmed = [entry.confirmed, sent.confirmed].into_iter().flatten().min();
        entry.copies += sent.copies;
    }
    requests
}

fn conflicts(history: &History) -> BTreeMap<RequestKey, &Published<InvalidMessage>> {
    let code = DeadLetterReason::IdConflict.code();
    let conflicts = history.invalid_messages.iter().filter(|one| one.what.reason == code);
    conflicts.filter_map(|one| Some((one.what.request()?, one))).collect()
}

type Attribution<'a> = (BTreeMap<RequestKey, Vec<&'a Command>>, Vec<&'a Command>);

/// Attributes each command to the request for which its lock was reserved last: reservations do not overlap.
fn attribute<'a>(
    history: &'a History,
    requests: &BTreeMap<RequestKey, RequestRecord<'_>>,
) -> Attribution<'a> {
    let mut reservations = BTreeMap::<&str, Vec<(DateTime<Utc>, &RequestKey)>>::new();
    for (key, record) in requests {
        if let Some(lock) = &record.request.lock {
            reservations.entry(lock).or_default().push((record.first, key));
        }
    }
    reservations.values_mut().for_each(|reservations| reservations.sort_unstable());
    let mut commands = BTreeMap::<_, Vec<_>>::new();
    let mut unattributed = Vec::new();
    for command in &history.commands {
        let reservations = command.lock_id.as_deref().and_then(|lock| reservations.get(lock));
        let reservation = reservations.and_then(|reservations| {
            reservations.iter().rev().find(|(first, _)| *first <= command.received_at)
        });
        match reservation {
            Some((_, key)) => commands.entry((*key).clone()).or_default().push(command),
            None => unattributed.push(command),
        }
    }
    // Salto records a command at its end, which is not the order of their arrival.
    commands
        .values_mut()
        .for_each(|commands| commands.sort_by_key(|one| (one.received_at, one.seq)));
    (commands, unattributed)
}
