//! The text of an explanation, for people.

use chrono::Utc;
use consumer::audit::TiedState;
use operations::{
    explain::{BookingReport, DoorState, Explanation, RequestReport, RuleReport},
    text::named,
};
use rules::{Rule, RuleInput};

use crate::cli::terminal::{event_text, text::time_near_now as time};

/// The answer first, then its reasons.
pub(super) fn explanation(explanation: &Explanation) -> String {
    let mut lines = vec![answer(explanation)];
    if let Some(request) = &explanation.request {
        section(&mut lines, "request", &request_lines(request));
    }
    if let Some(booking) = &explanation.booking {
        section(&mut lines, "booking, as it is known now", &booking_lines(booking));
        let title = format!("rules, at {}", time(explanation.at));
        section(&mut lines, &title, &explanation.rules.iter().map(rule_line).collect::<Vec<_>>());
        section(&mut lines, "door, now", &door_lines(explanation));
    } else {
        lines.push("\nthe record does not contain the booking: add --integration and --booking for the rules".into());
    }
    // Ids may contain control characters: the booking system chooses them.
    let printable = |line: String| line.replace(|it: char| it.is_control() && it != '\n', " ");
    lines.into_iter().map(printable).collect::<Vec<_>>().join("\n")
}

fn section(lines: &mut Vec<String>, title: &str, more: &[String]) {
    lines.push(format!("\n{title}"));
    lines.extend(more.iter().map(|line| format!("  {line}")));
}

fn answer(explanation: &Explanation) -> String {
    let request = explanation.request.as_ref();
    if let Some(outcome) = request.and_then(|request| request.outcome.as_ref()) {
        return event_text::event_line(outcome);
    }
    let in_progress = if request.is_some() { "the request has no answer yet; " } else { "" };
    let no = |rule: &RuleReport| Some((rule.reason?, rule.detail.clone()?));
    let rejection = explanation.rules.iter().find_map(no);
    let obstacle = explanation.door.as_ref().and_then(|door| door.obstacle);
    let answer = match (explanation.decision, rejection, obstacle) {
        (None, _, _) => "the rules could not be evaluated".to_owned(),
        (Some(_), Some((reason, detail)), _) => {
            format!("the door would not open: {reason}, {detail}")
        }
        (Some(_), None, Some(obstacle)) => {
            format!("the rules say yes, and the command would fail: {obstacle}")
        }
        (Some(_), None, None) if explanation.pause_seconds > 0 => format!(
            "the rules say yes; Salto has asked for a pause of another {} s",
            explanation.pause_seconds
        ),
        (Some(_), None, None) if explanation.door.is_none() => {
            "the rules say yes; the state of the IQ is not known".to_owned()
        }
        (Some(_), None, None) if explanation.rehearses => {
            "the rules and the IQ say yes, but the integration rehearses: no door opens".to_owned()
        }
        (Some(_), None, None) => "the door would open".to_owned(),
    };
    format!("{in_progress}{answer}")
}

fn request_lines(request: &RequestReport) -> Vec<String> {
    let RequestReport { id, source, attempts, failures, .. } = request;
    let mut lines = vec![format!("{id} from {source}")];
    lines.extend(request.taken_at.map(|at| format!("first taken at {}", time(at))));
    lines.extend(request.expires_at.map(|at| {
        let expires = if at > Utc::now() { "expires" } else { "expired" };
        format!("{expires} at {}", time(at))
    }));
    lines.push(format!("commands written: {attempts}, failed attempts: {failures}"));
    if request.commands_in_doubt > 0 {
        let since =
            request.in_doubt_since.map_or_else(String::new, |at| format!(", since {}", time(at)));
        lines.push(format!("commands without an answer: {}{since}", request.commands_in_doubt));
    }
    lines.extend(request.last_cause.as_ref().map(|cause| format!("last cause: {cause}")));
    if let (Some(worker), Some(until)) = (&request.claimed_by, request.claimed_until) {
        let alive =
            if request.claimant_alive == Some(true) { "is alive" } else { "sends no heartbeat" };
        lines.push(format!("claimed by worker {worker}, which {alive}, until {}", time(until)));
    }
    let not_before = request.not_before.filter(|at| *at > Utc::now());
    lines.extend(not_before.map(|at| format!("no command before {}", time(at))));
    if let (Some(routing_key), Some(since)) = (&request.waits_for_queue, request.no_queue_since) {
        let since = time(since);
        lines.push(format!(
            "its answer waits for a queue: since {since} none takes {routing_key} from postern.outbound"
        ));
    }
    match (&request.confirmed, request.confirmation) {
        (Some(confirmed), _) => lines.push(event_text::event_line(confirmed)),
        (None, Some(_)) => lines.push("Salto's own record has not shown the opening".into()),
        (None, None) => {}
    }
    if request.dead_lettered {
        lines.push("it has a dead letter".into());
    }
    lines
}

fn booking_lines(booking: &BookingReport) -> Vec<String> {
    let BookingReport { integration_id, booking_id, object_ids, .. } = booking;
    let mut lines = vec![format!("{booking_id} of {integration_id}")];
    if !booking.tied.is_empty() {
        lines.push("these states have the same version, and each of them must allow it:".into());
        lines.extend(booking.tied.iter().map(|state| {
            let TiedState { booking_status, object_ids, starts_at, ends_at } = state;
            let (starts, ends) = (time(*starts_at), time(*ends_at));
            format!("{booking_status}, {starts} to {ends}, {}", object_ids.join(", "))
        }));
        if booking.tied_left_out {
            lines.push("there were more of them: no door opens until a newer state arrives".into());
        }
    } else if let (Some(status), Some(starts), Some(ends)) =
        (&booking.status, booking.starts_at, booking.ends_at)
    {
        let objects = object_ids.join(", ");
        lines.push(format!("{status}, {} to {}, {objects}", time(starts), time(ends)));
    } else {
        lines.push(
            "no state of it was received, or it ended longer ago than retention.bookings".into(),
        );
    }
    if let Some(told_at) = booking.told_at {
        let revision =
            booking.revision.map_or_else(|| "none".to_owned(), |revision| revision.to_string());
        lines.push(format!("revision {revision}, from the event of {}", time(told_at)));
    }
    if booking.opened_before {
        lines.push("a door of it was opened before".into());
    }
    lines
}

fn rule_line(rule: &RuleReport) -> String {
    let inputs =
        rule.step.inputs.iter().filter_map(|(name, input)| {
            Some(format!("{} {}", name.replace('_', " "), value(input)?))
        });
    let inputs = inputs.collect::<Vec<_>>().join(", ");
    let verdict = if rule.verdict == "moot" { "-" } else { rule.verdict };
    let question = match rule.step.rule {
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
    format!("{verdict:<4} {question:<27}{inputs}").trim_end().to_owned()
}

fn value(input: &RuleInput) -> Option<String> {
    match input {
        RuleInput::Text(text) => text.clone(),
        RuleInput::Texts(texts) => Some(texts.join("/")),
        RuleInput::Time(at) => Some(time(*at)),
        RuleInput::Number(number) => Some(number.to_string()),
        RuleInput::Lock(lock) => {
            Some(lock.as_ref().map_or_else(|| "none".to_owned(), |lock| lock.to_string()))
        }
    }
}

fn door_lines(explanation: &Explanation) -> Vec<String> {
    let mut lines = Vec::new();
    if explanation.pause_seconds > 0 {
        lines.push(format!(
            "Salto has asked for a pause of another {} s",
            explanation.pause_seconds
        ));
    }
    if let Some(lock) = &explanation.lock {
        let name = explanation.door.as_ref().and_then(|door| door.lock_name.as_deref());
        // The mapping may have the name itself.
        let name = name.filter(|name| *name != lock.to_string());
        lines.push(format!("lock {}", named(name, lock)));
    }
    match (&explanation.door, &explanation.door_unknown, &explanation.lock) {
        (Some(door), _, _) => lines.extend(iq_lines(door)),
        (None, Some(reason), _) => lines.push(format!("its IQ is not known: {reason}")),
        (None, None, Some(_)) => lines.push("its IQ is not known".into()),
        (None, None, None) => lines.push("the rules lead to no lock".into()),
    }
    lines
}

fn iq_lines(door: &DoorState) -> Vec<String> {
    let Some(iq) = &door.iq_id else {
        return vec!["the site has no such lock, or it has no IQ".into()];
    };
    let state = door.state.unwrap_or("not_activated").replace('_', " ");
    let mut lines = vec![format!("IQ {}: {state}", named(door.iq_name.as_deref(), iq))];
    if door.restore_required == Some(true) {
        lines
            .push("Salto requires a restore: the stored secret and PIN are no longer valid".into());
    }
    if door.rejected_in_a_row > 0 {
        lines.push(format!("one-time passwords rejected in a row: {}", door.rejected_in_a_row));
    }
    lines.extend(door.blocked_until.map(|until| {
        format!("Salto has blocked the system user: no command is sent until {}", time(until))
    }));
    lines
}
