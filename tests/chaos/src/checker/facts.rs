//! A history, arranged so that questions can be asked of it.

use crate::history::{
    Booking, Command, Event, Fault, History, Opening, Published, Request, RequestKey, Target,
};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeMap;

/// How long a command or an event may be on its way on a machine that is busy.
const ON_ITS_WAY: TimeDelta = TimeDelta::milliseconds(1500);
/// From the look at the booking to the command: a worker without a sign of life for so long must not send any more.
const UNDECIDED: TimeDelta = TimeDelta::seconds(3);

/// A request with all its copies.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    pub request: &'a Request,
    /// Not before this could anybody know of it.
    pub first: DateTime<Utc>,
    pub confirmed: Option<DateTime<Utc>>,
    /// Messages that may have come of it.
    pub copies: u32,
}

/// The history and its indices.
pub struct Facts<'a> {
    pub history: &'a History,
    pub requests: BTreeMap<RequestKey, Asked<'a>>,
    pub terminals: BTreeMap<RequestKey, Vec<&'a Event>>,
    pub bookings: BTreeMap<(&'a str, &'a str), Vec<&'a Published<Booking>>>,
    /// By the request whose lock it went to; in order.
    pub commands: BTreeMap<RequestKey, Vec<&'a Command>>,
    /// Commands to locks that were nobody's.
    pub strays: Vec<&'a Command>,
    /// By the command that did it.
    pub openings: BTreeMap<u64, &'a Opening>,
}

impl<'a> Facts<'a> {
    /// Arranges a history.
    pub fn new(history: &'a History) -> Self {
        let requests = requests(history);
        let mut terminals = BTreeMap::<_, Vec<_>>::new();
        for event in history.events.iter().filter(|event| event.is_terminal()) {
            terminals.entry(event.request()).or_default().push(event);
        }
        let mut bookings = BTreeMap::<_, Vec<_>>::new();
        for booking in &history.bookings {
            bookings.entry(booking.what.key()).or_default().push(booking);
        }
        let (commands, strays) = attribute(history, &requests);
        let openings = history.openings.iter().map(|one| (one.command_seq, one)).collect();
        Self { history, requests, terminals, bookings, commands, strays, openings }
    }

    /// The event that ended a request; the first, should there be several.
    pub fn terminal(&self, key: &RequestKey) -> Option<&'a Event> {
        self.terminals.get(key)?.first().copied()
    }

    /// The commands that went to a request's lock in its turn.
    pub fn commands_of(&self, key: &RequestKey) -> &[&'a Command] {
        self.commands.get(key).map(Vec::as_slice).unwrap_or_default()
    }

    /// The opening that a command brought about.
    pub fn opening_of(&self, command: &Command) -> Option<&'a Opening> {
        self.openings.get(&command.seq).copied()
    }

    /// How long before it was received a command may have left, at most.
    pub fn on_its_way(&self, received_at: DateTime<Utc>) -> TimeDelta {
        let since = received_at - TimeDelta::seconds(10);
        let slow = |fault: &&Fault| fault.from <= received_at && since <= fault.until;
        let delays = self.history.faults.iter().filter(slow).map(|fault| fault.delay_ms);
        ON_ITS_WAY + TimeDelta::milliseconds(delays.max().unwrap_or_default().cast_signed())
    }

    /// When it was certain that a status was stored, as far as that is known.
    pub fn stored_at(&self, booking: &Published<Booking>) -> Option<DateTime<Utc>> {
        let confirmed = booking.sent.confirmed?;
        let stored = self.history.stored.iter();
        stored.filter(|one| confirmed < one.confirmed_before).map(|one| one.seen_at).min()
    }

    /// The states in which postern may have found a booking when it looked at some moment from `from` to `until`. With
    /// what it had found, a command may still leave a little later: that is the caller's to add.
    pub fn possible(
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
        let forgotten = |one: &Published<Booking>| {
            self.emptied().any(|fault| stored_before(one, fault.from) && fault.until < from)
        };
        let possible = versions
            .iter()
            .filter(|one| one.sent.first <= until && !outdated(one) && !forgotten(one));
        possible.map(|one| &one.what).collect()
    }

    /// The states on which a command that was received then may rest.
    pub fn behind(&self, request: &Request, command: &Command) -> Vec<&'a Booking> {
        let received = command.received_at;
        let looked = received - self.on_its_way(received) - UNDECIDED;
        self.possible(request, looked, received)
    }

    /// The moments at which Redis was emptied.
    pub fn emptied(&self) -> impl Iterator<Item = &'a Fault> {
        self.history.faults.iter().filter(|fault| fault.target == Target::Memory)
    }

    /// Whether Redis forgot everything before this.
    pub fn forgot_before(&self, moment: DateTime<Utc>) -> bool {
        self.emptied().any(|fault| fault.from <= moment)
    }

    /// Whether a message that was about at that time may have been taken twice, or half of its handling lost.
    pub fn may_repeat(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> bool {
        // Whoever was struck shortly before may notice only now.
        let from = from - TimeDelta::seconds(10);
        self.history.troubled(from, until, |fault| fault.target.breaks_messages())
    }
}

fn requests(history: &History) -> BTreeMap<RequestKey, Asked<'_>> {
    let mut requests = BTreeMap::<RequestKey, Asked<'_>>::new();
    for Published { what: request, sent } in &history.requests {
        let asked = Asked { request, first: sent.first, confirmed: sent.confirmed, copies: 0 };
        let entry = requests.entry(request.key()).or_insert(asked);
        entry.first = entry.first.min(sent.first);
        entry.confirmed = [entry.confirmed, sent.confirmed].into_iter().flatten().min();
        entry.copies += sent.copies;
    }
    requests
}

type Attributed<'a> = (BTreeMap<RequestKey, Vec<&'a Command>>, Vec<&'a Command>);

/// A command is that request's whose turn at the lock began last: turns do not overlap.
fn attribute<'a>(
    history: &'a History,
    requests: &BTreeMap<RequestKey, Asked<'_>>,
) -> Attributed<'a> {
    let mut turns = BTreeMap::<&str, Vec<(DateTime<Utc>, &RequestKey)>>::new();
    for (key, asked) in requests {
        if let Some(lock) = &asked.request.lock {
            turns.entry(lock).or_default().push((asked.first, key));
        }
    }
    turns.values_mut().for_each(|turns| turns.sort_unstable());
    let mut commands = BTreeMap::<_, Vec<_>>::new();
    let mut strays = Vec::new();
    for command in &history.commands {
        let turns = command.lock_id.as_deref().and_then(|lock| turns.get(lock));
        let turn = turns
            .and_then(|turns| turns.iter().rev().find(|(first, _)| *first <= command.received_at));
        match turn {
            Some((_, key)) => commands.entry((*key).clone()).or_default().push(command),
            None => strays.push(command),
        }
    }
    // Salto writes down when it is done with a command; in which order they came is another matter.
    commands
        .values_mut()
        .for_each(|commands| commands.sort_by_key(|one| (one.received_at, one.seq)));
    (commands, strays)
}
