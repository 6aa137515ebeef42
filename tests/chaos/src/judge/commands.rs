//! Invariant 3: no second opening. Bounds the commands of a request, and attributes every opening to a request.

use super::{HistoryIndex, Violation};
use crate::history::{Answer, Command, Event, RequestKey, Target};
use chrono::TimeDelta;
use rules::FailedReason;

const CHECK: &str = "3 commands";
/// The largest number of commands with an unknown outcome.
const MOST: usize = 3;

pub(super) fn check(index: &HistoryIndex<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    for command in &index.unattributed {
        let what = format!("command {} to a lock without a request", command.seq);
        found.push(Violation::of(CHECK, what).at(command.received_at));
    }
    for (key, commands) in &index.commands {
        found.extend(in_doubt(index, key, commands));
        found.extend(repeated_although_opened(index, key, commands));
        if let Some(end) = index.terminal(key) {
            found.extend(after_answer(index, key, commands, end));
        }
    }
    for key in index.requests.keys() {
        if let Some(end) = index.terminal(key) {
            found.extend(contradiction(index, key, end));
            found.extend(attempts(index, key, end));
        }
    }
    found
}

/// Whether the record of the commands may have been lost with the data of Redis.
fn redis_emptied(index: &HistoryIndex<'_>, commands: &[&Command]) -> bool {
    let last = commands.last().map(|command| command.received_at);
    last.is_some_and(|last| index.redis_emptied_before(last + TimeDelta::seconds(10)))
}

fn in_doubt(
    index: &HistoryIndex<'_>,
    key: &RequestKey,
    commands: &[&Command],
) -> Option<Violation> {
    if redis_emptied(index, commands) {
        return None;
    }
    let doubtful = commands.iter().filter(|command| command.may_have_happened());
    let count = doubtful.clone().count();
    let first = doubtful.clone().next()?;
    if count > MOST {
        let what = format!("{count} commands that may have opened the door");
        return Some(Violation::of(CHECK, what).about(key).at(first.received_at));
    }
    let last = commands.last()?;
    let window = index.history.rules.resend_window();
    let took = last.received_at - first.received_at;
    let too_late = took > window + index.transit_time(last.received_at);
    let what = || {
        format!(
            "command {} came {} ms after command {} that may have opened the door",
            last.seq,
            took.num_milliseconds(),
            first.seq
        )
    };
    too_late.then(|| Violation::of(CHECK, what()).about(key).at(last.received_at))
}

/// After an answer that reached the worker, no worker may send another command for the request.
fn repeated_although_opened(
    index: &HistoryIndex<'_>,
    key: &RequestKey,
    commands: &[&Command],
) -> Option<Violation> {
    let answered = |command: &&&Command| {
        let around = |seconds| command.received_at + TimeDelta::seconds(seconds);
        command.verdict == "opened"
            && command.status == Some(200)
            && command.fault.is_none()
            && !index
                .history
                .had_fault(around(-10), around(5), |fault| fault.target != Target::Salto)
    };
    let first = commands.iter().find(answered)?;
    let again = commands.iter().find(|command| command.received_at > first.received_at)?;
    let what =
        format!("command {} although the answer to command {} was: opened", again.seq, first.seq);
    Some(Violation::of(CHECK, what).about(key).at(again.received_at))
}

fn after_answer(
    index: &HistoryIndex<'_>,
    key: &RequestKey,
    commands: &[&Command],
    end: &Event,
) -> Option<Violation> {
    if redis_emptied(index, commands) {
        return None;
    }
    let ended = end.time()?;
    let late = commands
        .iter()
        .find(|command| command.received_at - index.transit_time(command.received_at) > ended)?;
    let what = format!("command {} after the answer to the request ({})", late.seq, end.outcome());
    Some(Violation::of(CHECK, what).about(key).at(late.received_at))
}

/// The opening of the door and the answer must agree.
fn contradiction(index: &HistoryIndex<'_>, key: &RequestKey, end: &Event) -> Option<Violation> {
    let commands = index.commands_of(key);
    let opened = commands.iter().find_map(|command| index.opening_of(command));
    let may_have = commands.iter().find(|command| command.may_have_happened());
    if redis_emptied(index, commands) {
        return None;
    }
    let violation = |what: String| Some(Violation::of(CHECK, what).about(key));
    let reason = end.outcome();
    // The vocabulary check reports an unknown reason.
    match (claims(end.answer()?), opened) {
        (Claim::Opened, None) => violation("answered with opened, but no door opened".to_owned()),
        (Claim::Opened, Some(_)) | (Claim::Unknown, _) => None,
        (Claim::NotOpened, Some(opening)) => violation(format!(
            "answered with {reason}, but opening {} belongs to the request",
            opening.seq
        )),
        (Claim::NotOpened, None) => {
            let command = may_have?;
            violation(format!(
                "answered with {reason}, although the outcome of command {} is unknown",
                command.seq
            ))
        }
    }
}

/// What an answer says about the door.
enum Claim {
    Opened,
    NotOpened,
    Unknown,
}

fn claims(answer: Answer) -> Claim {
    match answer {
        Answer::Opened => Claim::Opened,
        Answer::Rejected(_) => Claim::NotOpened,
        Answer::Failed(reason) => match reason {
            FailedReason::OutcomeUnknown => Claim::Unknown,
            FailedReason::IqNotActivated
            | FailedReason::IqReactivationRequired
            | FailedReason::IqOffline
            | FailedReason::IqRefused
            | FailedReason::PrivacyMode
            | FailedReason::OtpInvalid
            | FailedReason::OtpBlocked
            | FailedReason::CredentialsRejected
            | FailedReason::Forbidden
            | FailedReason::LockNotFound
            | FailedReason::RateLimited
            | FailedReason::SaltoUnavailable => Claim::NotOpened,
        },
    }
}

/// The answer states how many commands were written: at least as many as arrived, and exactly as many if nothing but
/// Salto had a fault.
fn attempts(index: &HistoryIndex<'_>, key: &RequestKey, end: &Event) -> Option<Violation> {
    let arrived = index.commands_of(key).len() as u64;
    let stated = end.attempts()?;
    let record = &index.requests[key];
    let ended = end.time()?;
    let from = record.first - TimeDelta::seconds(10);
    let no_fault = !index.history.had_fault(from, ended, |fault| fault.target != Target::Salto);
    let wrong = arrived > stated || (no_fault && arrived < stated);
    if !wrong || redis_emptied(index, index.commands_of(key)) {
        return None;
    }
    let what = format!("{arrived} commands arrived, but the answer states {stated}");
    Some(Violation::of(CHECK, what).about(key).at(ended))
}
