//! An account as a person would give it.

use chrono::{DateTime, Local, Utc};
use rules::{Rule, RuleInput};

use super::account::{Account, Asked, Booking, Request};
use super::door::Door;
use crate::cli::words;

/// The answer first, then what it rests on.
pub(super) fn all(account: &Account) -> String {
    let mut lines = vec![answer(account)];
    if let Some(request) = &account.request {
        section(&mut lines, "request", &self::request(request));
    }
    if let Some(booking) = &account.booking {
        section(&mut lines, "booking, as it is known now", &self::booking(booking));
        let title = format!("rules, at {}", time(account.at));
        section(&mut lines, &title, &account.rules.iter().map(rule).collect::<Vec<_>>());
        section(&mut lines, "door, now", &door(account));
    } else {
        lines.push("\nthe ledger does not say which booking it is about: add --integration and --booking for the rules".into());
    }
    // Ids are whatever the booking system likes.
    let printable = |line: String| line.replace(|it: char| it.is_control() && it != '\n', " ");
    lines.into_iter().map(printable).collect::<Vec<_>>().join("\n")
}

fn section(lines: &mut Vec<String>, title: &str, more: &[String]) {
    lines.push(format!("\n{title}"));
    lines.extend(more.iter().map(|line| format!("  {line}")));
}

fn answer(account: &Account) -> String {
    let request = account.request.as_ref();
    if let Some(outcome) = request.and_then(|request| request.outcome.as_ref()) {
        return words::line(outcome);
    }
    let in_progress = if request.is_some() { "the request has no answer yet; " } else { "" };
    let no = |asked: &Asked| Some((asked.reason?, asked.detail.clone()?));
    let refused = account.rules.iter().find_map(no);
    let obstacle = account.door.as_ref().and_then(|door| door.obstacle);
    let told = match (account.decision, refused, obstacle) {
        (None, _, _) => "what the rules say is not known".to_owned(),
        (Some(_), Some((reason, detail)), _) => {
            format!("the door would not open: {reason}, {detail}")
        }
        (Some(_), None, Some(obstacle)) => {
            format!("the rules say yes, and the command would fail: {obstacle}")
        }
        (Some(_), None, None) if account.pause_seconds > 0 => format!(
            "the rules say yes; Salto wants no calls for another {} s",
            account.pause_seconds
        ),
        (Some(_), None, None) if account.door.is_none() => {
            "the rules say yes; whether the IQ would is not known".to_owned()
        }
        (Some(_), None, None) if account.rehearses => {
            "the rules and the IQ say yes, but the integration rehearses: no door opens".to_owned()
        }
        (Some(_), None, None) => "the door would open".to_owned(),
    };
    format!("{in_progress}{told}")
}

fn request(request: &Request) -> Vec<String> {
    let Request { id, source, attempts, failures, .. } = request;
    let mut lines = vec![format!("{id} from {source}")];
    lines.extend(request.taken_at.map(|at| format!("first taken at {}", time(at))));
    lines.push(format!("commands written: {attempts}, failed attempts: {failures}"));
    if request.commands_in_doubt > 0 {
        let since =
            request.in_doubt_since.map_or_else(String::new, |at| format!(", since {}", time(at)));
        lines.push(format!("of these, without an answer: {}{since}", request.commands_in_doubt));
    }
    lines.extend(request.last_cause.as_ref().map(|cause| format!("last cause: {cause}")));
    if let (Some(worker), Some(until)) = (&request.claimed_by, request.claimed_until) {
        let alive =
            if request.claimant_alive == Some(true) { "lives" } else { "gives no sign of life" };
        lines.push(format!("claimed by worker {worker}, which {alive}, until {}", time(until)));
    }
    let waits = request.not_before.filter(|at| *at > Utc::now());
    lines.extend(waits.map(|at| format!("no command before {}", time(at))));
    if request.dead_lettered {
        lines.push("its dead letter was made".into());
    }
    lines
}

fn booking(booking: &Booking) -> Vec<String> {
    let Booking { integration_id, booking_id, object_ids, .. } = booking;
    let mut lines = vec![format!("{booking_id} of {integration_id}")];
    if let (Some(status), Some(starts), Some(ends)) =
        (&booking.status, booking.starts_at, booking.ends_at)
    {
        let objects = object_ids.join(", ");
        lines.push(format!("{status}, {} to {}, {objects}", time(starts), time(ends)));
    } else {
        lines.push(
            "no status of it has been received, or it ended longer ago than retention.bookings"
                .into(),
        );
    }
    if let Some(told) = booking.told_at {
        let revision =
            booking.revision.map_or_else(|| "none".to_owned(), |revision| revision.to_string());
        lines.push(format!("revision {revision}, told at {}", time(told)));
    }
    if booking.opened_before {
        lines.push("its door has opened before".into());
    }
    lines
}

fn rule(asked: &Asked) -> String {
    let seen =
        asked.step.inputs.iter().filter_map(|(name, seen)| {
            Some(format!("{} {}", name.replace('_', " "), value(seen)?))
        });
    let seen = seen.collect::<Vec<_>>().join(", ");
    let verdict = if asked.verdict == "moot" { "-" } else { asked.verdict };
    let question = match asked.step.rule {
        Rule::TakenInTime => "taken in time",
        Rule::IntegrationKnown => "integration is configured",
        Rule::IntegrationActive => "integration is switched on",
        Rule::BookingKnown => "booking is known",
        Rule::StatusAllowed => "status opens doors",
        Rule::WindowBegun => "window has begun",
        Rule::WindowNotOver => "booking has not ended",
        Rule::ObjectBooked => "object is booked",
        Rule::LockMapped => "object has a lock",
        Rule::NotExpired => "not expired",
    };
    format!("{verdict:<4} {question:<27}{seen}").trim_end().to_owned()
}

fn value(seen: &RuleInput) -> Option<String> {
    match seen {
        RuleInput::Text(text) => text.clone(),
        RuleInput::Texts(texts) => Some(texts.join("/")),
        RuleInput::Time(at) => Some(time(*at)),
        RuleInput::Number(number) => Some(number.to_string()),
        RuleInput::Lock(lock) => {
            Some(lock.map_or_else(|| "none".to_owned(), |lock| lock.to_string()))
        }
    }
}

fn door(account: &Account) -> Vec<String> {
    let mut lines = Vec::new();
    if account.pause_seconds > 0 {
        lines.push(format!("Salto wants no calls for another {} s", account.pause_seconds));
    }
    match (&account.door, &account.door_unknown, account.lock_id) {
        (Some(door), _, _) => lines.extend(iq(door)),
        (None, Some(why), _) => lines.push(format!("its IQ is not known: {why}")),
        (None, None, Some(_)) => lines.push("its IQ is not known".into()),
        (None, None, None) => lines.push("the rules name no lock".into()),
    }
    lines
}

fn iq(door: &Door) -> Vec<String> {
    let Some(iq) = &door.iq_id else {
        return vec!["the site has no such lock, or it has no IQ".into()];
    };
    let state = door.state.unwrap_or("not_activated").replace('_', " ");
    let mut lines = vec![format!("IQ {iq}: {state}")];
    if door.restore_required == Some(true) {
        lines.push("Salto asks for a restore: its secret and PIN count no more".into());
    }
    if door.rejected_in_a_row > 0 {
        lines.push(format!("one-time passwords rejected in a row: {}", door.rejected_in_a_row));
    }
    lines.extend(door.blocked_until.map(|until| {
        format!("Salto has blocked the system user: nothing is sent until {}", time(until))
    }));
    lines
}

/// As a clock here shows it, with the date where it is not today.
fn time(at: DateTime<Utc>) -> String {
    let here = at.with_timezone(&Local);
    let today = here.date_naive() == Local::now().date_naive();
    here.format(if today { "%H:%M:%S" } else { "%Y-%m-%d %H:%M:%S" }).to_string()
}
