//! Every rule, its answer and what it looked at: for people who ask why a door does not open.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::decide::{self, Rejection, Request};
use crate::{Booking, Integration};

/// A rule, in the order in which [`crate::decide()`] asks them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// The request had not expired when it was taken from the queue.
    TakenInTime,
    /// The integration is configured.
    IntegrationKnown,
    /// It is switched on.
    IntegrationActive,
    /// A state of the booking is known.
    BookingKnown,
    /// Its status is one that opens doors.
    StatusAllowed,
    /// The time has come from which on its doors open.
    WindowBegun,
    /// The booking has not ended.
    WindowNotOver,
    /// The object asked for is one of the booking's, or its only one.
    ObjectBooked,
    /// The object has a lock.
    LockMapped,
    /// The request has not expired since.
    NotExpired,
}

impl Rule {
    /// The rule's name in `snake_case`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TakenInTime => "taken_in_time",
            Self::IntegrationKnown => "integration_known",
            Self::IntegrationActive => "integration_active",
            Self::BookingKnown => "booking_known",
            Self::StatusAllowed => "status_allowed",
            Self::WindowBegun => "window_begun",
            Self::WindowNotOver => "window_not_over",
            Self::ObjectBooked => "object_booked",
            Self::LockMapped => "lock_mapped",
            Self::NotExpired => "not_expired",
        }
    }
}

/// A rule's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The door may open, as far as this rule goes.
    Yes,
    /// It may not: the first of these is the decision.
    No(Rejection),
    /// The request has expired since it was taken, which is no rejection.
    Expired,
    /// What the rule is about is not known.
    Moot,
}

/// Something that a rule looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// A text, or none.
    Text(Option<String>),
    /// Several.
    Texts(Vec<String>),
    /// An instant.
    Time(DateTime<Utc>),
    /// A number.
    Number(u32),
    /// A lock, or none.
    Lock(Option<Uuid>),
}

/// A rule with its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The rule.
    pub rule: Rule,
    /// Its answer.
    pub verdict: Verdict,
    /// What it looked at, by name.
    pub seen: Vec<(&'static str, Seen)>,
}

/// All rules in order, each as [`crate::decide()`] would answer were it the first.
#[must_use]
pub fn explain(
    now: DateTime<Utc>,
    integration: Option<&Integration>,
    booking: Option<&Booking>,
    request: &Request,
) -> Vec<Step> {
    let both = integration.zip(booking);
    let object = booking.map(|booking| decide::object_booked(booking, request));
    let booked = object.as_ref().and_then(|object| object.as_ref().ok());
    let lock = integration.zip(booked);
    let step = |rule, verdict, seen| Step { rule, verdict, seen };
    vec![
        step(
            Rule::TakenInTime,
            verdict(Some(decide::taken_in_time(request))),
            vec![
                ("taken_at", Seen::Time(request.taken_at)),
                ("expires_at", Seen::Time(request.expires_at)),
            ],
        ),
        step(
            Rule::IntegrationKnown,
            verdict(Some(decide::integration_known(integration))),
            integration.map(|it| ("id", text(&it.id))).into_iter().collect(),
        ),
        step(
            Rule::IntegrationActive,
            verdict(integration.map(decide::integration_active)),
            Vec::new(),
        ),
        step(Rule::BookingKnown, verdict(Some(decide::booking_known(booking))), Vec::new()),
        step(
            Rule::StatusAllowed,
            verdict(
                both.map(|(integration, booking)| decide::status_allowed(integration, booking)),
            ),
            statuses(integration, booking),
        ),
        step(
            Rule::WindowBegun,
            verdict(both.map(|(it, booking)| decide::window_begun(now, it, booking))),
            begin(now, integration, booking),
        ),
        step(
            Rule::WindowNotOver,
            verdict(booking.map(|booking| decide::window_not_over(now, booking))),
            [booking.map(|it| ("ends_at", Seen::Time(it.ends_at))), Some(("now", Seen::Time(now)))]
                .into_iter()
                .flatten()
                .collect(),
        ),
        step(
            Rule::ObjectBooked,
            verdict(object.clone()),
            [
                Some(("asked_for", Seen::Text(request.object_id.clone()))),
                booking.map(|it| ("booked", Seen::Texts(it.object_ids.clone()))),
            ]
            .into_iter()
            .flatten()
            .collect(),
        ),
        step(
            Rule::LockMapped,
            verdict(lock.map(|(integration, object)| decide::lock_mapped(integration, object))),
            lock.map(|(integration, object)| {
                vec![("object", text(object)), ("lock", Seen::Lock(integration.lock_of(object)))]
            })
            .unwrap_or_default(),
        ),
        step(
            Rule::NotExpired,
            if decide::in_time(now, request) { Verdict::Yes } else { Verdict::Expired },
            vec![("expires_at", Seen::Time(request.expires_at)), ("now", Seen::Time(now))],
        ),
    ]
}

fn verdict<T>(answer: Option<Result<T, Rejection>>) -> Verdict {
    match answer {
        None => Verdict::Moot,
        Some(Ok(_)) => Verdict::Yes,
        Some(Err(rejection)) => Verdict::No(rejection),
    }
}

fn text(text: &str) -> Seen {
    Seen::Text(Some(text.to_owned()))
}

fn statuses(
    integration: Option<&Integration>,
    booking: Option<&Booking>,
) -> Vec<(&'static str, Seen)> {
    let allowed = |integration: &Integration| {
        let more = integration.check_in_status.clone();
        Seen::Texts(integration.open_from_statuses.iter().cloned().chain(more).collect())
    };
    [
        booking.map(|booking| ("status", text(&booking.status))),
        integration.map(|integration| ("allowed", allowed(integration))),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn begin(
    now: DateTime<Utc>,
    integration: Option<&Integration>,
    booking: Option<&Booking>,
) -> Vec<(&'static str, Seen)> {
    let both = integration.zip(booking);
    [
        both.map(|(it, booking)| ("opens_at", Seen::Time(decide::opens_at(it, booking)))),
        booking.map(|booking| ("starts_at", Seen::Time(booking.starts_at))),
        integration.map(|it| ("minutes_before", Seen::Number(it.minutes_before))),
        Some(("now", Seen::Time(now))),
    ]
    .into_iter()
    .flatten()
    .collect()
}
