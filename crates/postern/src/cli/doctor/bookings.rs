//! The bookings of the hour: which of them could not open their doors?

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Local, TimeDelta, Utc};
use consumer::{Lookup, Settings, StoreError, StoredBooking};
use rules::{Booking, Decision, Integration, RejectedReason, Request, Window};

use super::deadline::{Deadline, Late};
use super::doors::Doors;
use super::finding::{About, Finding, Level};
use super::iqs::few;

const CHECK: &str = "bookings";

/// So many are looked at; beyond it, that there are more is told.
const MOST: usize = 5_000;

/// The stored bookings that run or are about to, and whether there are more.
pub(super) struct Soon {
    pub(super) bookings: Vec<StoredBooking>,
    more: bool,
}

/// Reads them.
pub(super) async fn read(
    settings: &Settings,
    lookup: &Lookup,
    now: DateTime<Utc>,
    deadline: Deadline,
) -> Result<Soon, Finding> {
    let soon = now + TimeDelta::hours(1);
    let wanted = |known: &StoredBooking| {
        let rules = rules_of(settings, &known.integration_id);
        known.booking.starts_at <= soon && !Window::of(rules, &known.booking).is_over(now)
    };
    let read: Result<Result<_, StoreError>, Late> =
        deadline.within(lookup.bookings(MOST, wanted)).await;
    let trouble = |what: String| About(CHECK, "Redis").broken(what, "see Redis' log");
    match read {
        Ok(Ok((mut bookings, more))) => {
            bookings.sort_by_key(|known| known.booking.starts_at);
            Ok(Soon { bookings, more })
        }
        Ok(Err(error)) => Err(trouble(error.to_string())),
        Err(late) => Err(About(CHECK, "Redis").warning(
            format!("there are too many to look at: {late}"),
            "ask for one with `postern explain --integration ID --booking B`",
        )),
    }
}

/// Why bookings of an integration do not open, and which.
type Shut<'a> = BTreeMap<(&'a str, &'static str), Vec<String>>;

/// Judges them, each at the first moment at which it is to open from now on.
pub(super) fn check(
    settings: &Settings,
    soon: &Soon,
    doors: &HashMap<&str, Doors>,
    now: DateTime<Utc>,
) -> Vec<Finding> {
    let mut shut = Shut::new();
    let mut unseen = 0;
    for known in &soon.bookings {
        let id = known.integration_id.as_str();
        let rules = rules_of(settings, id);
        let doors = doors.get(id);
        let active = rules.is_some_and(|rules| rules.active);
        unseen += usize::from(active && doors.is_none());
        for (object, reason) in obstacles(rules, doors, &known.booking, now) {
            let starts = known.booking.starts_at.with_timezone(&Local).format("%H:%M");
            let which = match reason {
                "status_not_allowed" => format!("{} ({})", known.booking_id, known.booking.status),
                _ => format!("{} ({object}, {starts})", known.booking_id),
            };
            let named = shut.entry((id, reason)).or_default();
            if named.last() != Some(&which) {
                named.push(which);
            }
        }
    }
    let mut findings: Vec<Finding> = shut.iter().map(|(key, named)| finding(*key, named)).collect();
    let about = About(CHECK, "the hour");
    let all = soon.bookings.len();
    if unseen > 0 {
        findings.push(about.note(format!(
            "of {unseen} bookings it is not known whether their doors can open: see their integrations above"
        )));
    }
    if soon.more {
        findings.push(about.note(format!("more than {MOST}: the others were not looked at")));
    }
    if findings.is_empty() {
        findings.push(about.ok(format!("run now or start within the hour, and can open: {all}")));
    }
    findings
}

fn rules_of<'a>(settings: &'a Settings, id: &str) -> Option<&'a Integration> {
    settings.integrations.iter().map(|it| &it.rules).find(|it| it.id == id)
}

/// By object, what is in the way.
fn obstacles<'a>(
    rules: Option<&Integration>,
    doors: Option<&Doors>,
    booking: &'a Booking,
    now: DateTime<Utc>,
) -> Vec<(&'a str, &'static str)> {
    let at = now.max(Window::of(rules, booking).opens_at);
    let judge = |object: &'a String| {
        let expires_at = at + TimeDelta::seconds(1);
        let request = Request { object_id: Some(object.clone()), taken_at: at, expires_at };
        let code = match rules::decide(at, rules, Some(booking), &request) {
            Decision::Rejected(rejection) => rejection.reason.code(),
            Decision::Open(opening) => doors?.obstacle(opening.lock_id)?.code(),
            // It was taken the moment it is judged.
            Decision::Expired(_) => return None,
        };
        Some((object.as_str(), code))
    };
    booking.object_ids.iter().filter_map(judge).collect()
}

fn finding((integration, reason): (&str, &'static str), named: &[String]) -> Finding {
    let names: Vec<&str> = named.iter().map(String::as_str).collect();
    let (level, next) = match RejectedReason::from_code(reason) {
        Some(RejectedReason::StatusNotAllowed) => (Level::Note, None),
        Some(RejectedReason::IntegrationInactive) => (Level::Note, None),
        Some(RejectedReason::IntegrationUnknown) => (
            Level::Warning,
            Some("configure the integration, or find out why the booking system names it"),
        ),
        Some(RejectedReason::NoLockMapped) => {
            (Level::Broken, Some("add the objects to [integrations.locks], or set default_lock"))
        }
        Some(
            RejectedReason::BookingUnknown
            | RejectedReason::TooEarly
            | RejectedReason::TooLate
            | RejectedReason::ObjectNotInBooking
            | RejectedReason::ObjectAmbiguous
            | RejectedReason::RequestExpired,
        ) => (Level::Warning, Some("see the runbook for this reason")),
        None => (Level::Broken, Some("see the IQ or the mapping above")),
    };
    Finding {
        check: CHECK,
        subject: integration.to_owned(),
        level,
        detail: format!("{} could not open, {reason}: {}", named.len(), few(&names)),
        next: next.map(str::to_owned),
    }
}
