//! The bookings of the next hour, and the reasons why some could not open their doors.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use consumer::{
    DoorProblem, LockAvailability, Lookup, ProblemReason, Settings, StoreError, StoredBooking,
    door_problems,
};
use operations::{
    checks::{Check, Deadline, DeadlineExceeded, Finding, Level},
    text::first_few,
};
use rules::{BookingStates, IntegrationRules, RejectedReason, RiskReason, Window};

use crate::cli::terminal::text::time_of_day;

const CHECK: &str = "bookings";

/// The number of bookings that are checked.
const MAX_BOOKINGS: usize = 5_000;

/// The stored bookings that are in progress, or start within the hour.
pub(super) struct UpcomingBookings {
    bookings: Vec<StoredBooking>,
    /// Whether there are more than [`MAX_BOOKINGS`].
    has_more: bool,
}

/// Reads the bookings.
pub(super) async fn read(
    settings: &Settings,
    lookup: &Lookup,
    now: DateTime<Utc>,
    deadline: Deadline,
) -> Result<UpcomingBookings, Finding> {
    let latest_start = now + TimeDelta::hours(1);
    let is_upcoming = |it: &StoredBooking| {
        let rules = rules_of(settings, &it.integration_id);
        let mut states = it.booking.all().iter();
        states.any(|state| {
            state.starts_at <= latest_start && !Window::of_state(rules, state).is_over(now)
        })
    };
    let read: Result<Result<_, StoreError>, DeadlineExceeded> =
        deadline.within(lookup.bookings(MAX_BOOKINGS, is_upcoming)).await;
    let check = Check::new(CHECK, "Redis");
    match read {
        Ok(Ok((mut bookings, has_more))) => {
            bookings.sort_by_key(|it| it.booking.first_start());
            Ok(UpcomingBookings { bookings, has_more })
        }
        Ok(Err(error)) => Err(check.broken(error.to_string(), "check the log of Redis")),
        Err(exceeded) => Err(check.warning(
            format!("there are too many bookings to check: {exceeded}"),
            "check one with `postern explain --integration ID --booking B`",
        )),
    }
}

/// An integration, and the reason why bookings of it cannot open.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Obstacle<'a> {
    integration_id: &'a str,
    reason: ProblemReason,
}

/// Checks each booking at the first time from now on at which it may open.
pub(super) fn check(
    settings: &Settings,
    upcoming: &UpcomingBookings,
    locks_by_integration: &HashMap<&str, LockAvailability>,
    now: DateTime<Utc>,
) -> Vec<Finding> {
    let mut affected: BTreeMap<Obstacle<'_>, Vec<String>> = BTreeMap::new();
    let mut unknown = 0;
    for it in &upcoming.bookings {
        let id = it.integration_id.as_str();
        let rules = rules_of(settings, id);
        let locks = locks_by_integration.get(id);
        let active = rules.is_some_and(|rules| rules.active);
        unknown += usize::from(active && locks.is_none());
        for DoorProblem { object_id, reason, .. } in door_problems(rules, locks, &it.booking, now) {
            let starts = time_of_day(it.booking.first_start());
            let name = if reason == ProblemReason::Rejected(RejectedReason::StatusNotAllowed) {
                format!("{} ({})", it.booking_id, statuses(&it.booking))
            } else {
                format!("{} ({object_id}, {starts})", it.booking_id)
            };
            let names = affected.entry(Obstacle { integration_id: id, reason }).or_default();
            if names.last() != Some(&name) {
                names.push(name);
            }
        }
    }
    let mut findings: Vec<Finding> =
        affected.iter().map(|(it, names)| finding(it, names)).collect();
    findings.extend(general_findings(upcoming, unknown, findings.is_empty()));
    findings
}

fn rules_of<'a>(settings: &'a Settings, id: &str) -> Option<&'a IntegrationRules> {
    settings.integrations.iter().map(|it| &it.rules).find(|it| it.id == id)
}

fn general_findings(
    upcoming: &UpcomingBookings,
    unknown: usize,
    all_can_open: bool,
) -> Vec<Finding> {
    let check = Check::new(CHECK, "the hour");
    let mut findings = Vec::new();
    let tied: Vec<_> = upcoming.bookings.iter().filter(|it| it.booking.is_tied()).collect();
    if !tied.is_empty() {
        let names: Vec<_> = tied.iter().map(|it| it.booking_id.as_str()).collect();
        let detail = format!(
            "{} bookings have several states of the same version, and open only where each state allows it: {}",
            tied.len(),
            first_few(&names)
        );
        findings.push(check.warning(
            detail,
            "have the booking system send the newest state again, with a later time or a revision",
        ));
    }
    if unknown > 0 {
        findings.push(check.note(format!(
            "whether the doors of {unknown} bookings can open is not known: see their integrations above"
        )));
    }
    if upcoming.has_more {
        let detail = format!("more than {MAX_BOOKINGS} bookings: the others were not checked");
        findings.push(check.note(detail));
    }
    if all_can_open && findings.is_empty() {
        let count = upcoming.bookings.len();
        findings.push(check.ok(format!(
            "bookings that are in progress or start within the hour, and can open: {count}"
        )));
    }
    findings
}

/// The status; all of them where tied states differ.
fn statuses(booking: &BookingStates) -> String {
    let mut statuses: Vec<_> = booking.all().iter().map(|state| state.status.as_str()).collect();
    statuses.dedup();
    statuses.join("/")
}

fn finding(obstacle: &Obstacle<'_>, names: &[String]) -> Finding {
    let Obstacle { integration_id, reason } = obstacle;
    let (level, next) = match reason {
        ProblemReason::Rejected(
            RejectedReason::StatusNotAllowed | RejectedReason::IntegrationInactive,
        ) => (Level::Note, None),
        ProblemReason::Rejected(RejectedReason::IntegrationUnknown) => (
            Level::Warning,
            Some("configure the integration, or find out why the booking system uses it"),
        ),
        ProblemReason::Rejected(RejectedReason::NoLockMapped) => {
            (Level::Broken, Some("add the objects to [integrations.locks], or set default_lock"))
        }
        ProblemReason::Rejected(
            RejectedReason::BookingUnknown
            | RejectedReason::TooEarly
            | RejectedReason::TooLate
            | RejectedReason::ObjectNotInBooking
            | RejectedReason::ObjectAmbiguous
            | RejectedReason::RequestExpired,
        ) => (Level::Warning, Some("see the runbook for this reason")),
        // Salto's lists lag.
        ProblemReason::Lock(
            RiskReason::IqOffline | RiskReason::LockOffline | RiskReason::PrivacyMode,
        ) => (Level::Warning, Some("look at the door: Salto's list may be half an hour old")),
        ProblemReason::Lock(
            RiskReason::NoLockMapped
            | RiskReason::LockNotFound
            | RiskReason::IqNotActivated
            | RiskReason::IqReactivationRequired
            | RiskReason::OtpInvalid
            | RiskReason::OtpBlocked
            | RiskReason::RateLimited
            | RiskReason::CredentialsRejected
            | RiskReason::UserSuspended
            | RiskReason::UserBlocked
            | RiskReason::RemoteAccessOff
            | RiskReason::SaltoUnavailable,
        ) => (Level::Broken, Some("see the IQ or the mapping above")),
    };
    let shown: Vec<&str> = names.iter().map(String::as_str).collect();
    Finding {
        check: CHECK,
        subject: (*integration_id).to_owned(),
        level,
        detail: format!("{} could not open, {}: {}", names.len(), reason.code(), first_few(&shown)),
        next: next.map(str::to_owned),
    }
}
