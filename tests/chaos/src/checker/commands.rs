//! Invariant 3: how often a request may be sent, and whose every opening is.

use super::{Facts, Violation};
use crate::history::{Command, Event, RequestKey, Target};
use chrono::TimeDelta;

const JUDGE: &str = "3 commands";
/// Commands in all of which nobody knows what came.
const MOST: usize = 3;

pub(super) fn judge(facts: &Facts<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    for command in &facts.strays {
        let what = format!("command {} for a door that nobody asked for", command.seq);
        found.push(Violation::of(JUDGE, what).at(command.received_at));
    }
    for (key, commands) in &facts.commands {
        found.extend(in_doubt(facts, key, commands));
        found.extend(known(facts, key, commands));
        if let Some(end) = facts.terminal(key) {
            found.extend(after_the_end(facts, key, commands, end));
        }
    }
    for key in facts.requests.keys() {
        if let Some(end) = facts.terminal(key) {
            found.extend(opening(facts, key, end));
            found.extend(attempts(facts, key, end));
        }
    }
    found
}

/// Whether somebody else may have lost the memory of what was sent.
fn forgotten(facts: &Facts<'_>, commands: &[&Command]) -> bool {
    let last = commands.last().map(|command| command.received_at);
    last.is_some_and(|last| facts.forgot_before(last + TimeDelta::seconds(10)))
}

fn in_doubt(facts: &Facts<'_>, key: &RequestKey, commands: &[&Command]) -> Option<Violation> {
    if forgotten(facts, commands) {
        return None;
    }
    let doubtful = commands.iter().filter(|command| command.may_have_happened());
    let count = doubtful.clone().count();
    let first = doubtful.clone().next()?;
    if count > MOST {
        let what = format!("{count} commands that may have opened the door");
        return Some(Violation::of(JUDGE, what).about(key).at(first.received_at));
    }
    let last = commands.last()?;
    let window = facts.history.rules.resend_window();
    let took = last.received_at - first.received_at;
    let too_late = took > window + facts.on_its_way(last.received_at);
    let what = || {
        format!(
            "command {} came {} ms after command {} that may have opened the door",
            last.seq,
            took.num_milliseconds(),
            first.seq
        )
    };
    too_late.then(|| Violation::of(JUDGE, what()).about(key).at(last.received_at))
}

/// A plain answer that reached whoever had asked ends the matter: nobody else may be sending the same.
fn known(facts: &Facts<'_>, key: &RequestKey, commands: &[&Command]) -> Option<Violation> {
    let answered = |command: &&&Command| {
        let around = |seconds| command.received_at + TimeDelta::seconds(seconds);
        command.verdict == "opened"
            && command.status == Some(200)
            && command.fault.is_none()
            && !facts
                .history
                .troubled(around(-10), around(5), |fault| fault.target != Target::Salto)
    };
    let first = commands.iter().find(answered)?;
    let again = commands.iter().find(|command| command.received_at > first.received_at)?;
    let what = format!("command {} although command {} was answered: opened", again.seq, first.seq);
    Some(Violation::of(JUDGE, what).about(key).at(again.received_at))
}

fn after_the_end(
    facts: &Facts<'_>,
    key: &RequestKey,
    commands: &[&Command],
    end: &Event,
) -> Option<Violation> {
    if forgotten(facts, commands) {
        return None;
    }
    let ended = end.time()?;
    let late = commands
        .iter()
        .find(|command| command.received_at - facts.on_its_way(command.received_at) > ended)?;
    let what = format!("command {} after the request had ended ({})", late.seq, end.outcome());
    Some(Violation::of(JUDGE, what).about(key).at(late.received_at))
}

/// The door and the answer agree.
fn opening(facts: &Facts<'_>, key: &RequestKey, end: &Event) -> Option<Violation> {
    let commands = facts.commands_of(key);
    let opened = commands.iter().find_map(|command| facts.opening_of(command));
    let may_have = commands.iter().find(|command| command.may_have_happened());
    if forgotten(facts, commands) {
        return None;
    }
    let violation = |what: String| Some(Violation::of(JUDGE, what).about(key));
    match (end.kind(), end.outcome(), opened) {
        ("lock.opened.v1", _, None) => {
            violation("told to be opened, and no door opened".to_owned())
        }
        ("lock.opened.v1", _, Some(_)) | (_, "outcome_unknown", _) => None,
        (_, reason, Some(opening)) => {
            violation(format!("ended as {reason}, and opening {} is its", opening.seq))
        }
        (_, reason, None) => {
            let command = may_have?;
            violation(format!(
                "ended as {reason}, although nobody knows what came of command {}",
                command.seq
            ))
        }
    }
}

/// The answer says how many commands were written: no fewer than came, and where nothing but Salto failed, no more.
fn attempts(facts: &Facts<'_>, key: &RequestKey, end: &Event) -> Option<Violation> {
    let came = facts.commands_of(key).len() as u64;
    let told = end.attempts()?;
    let asked = &facts.requests[key];
    let ended = end.time()?;
    let from = asked.first - TimeDelta::seconds(10);
    let smooth = !facts.history.troubled(from, ended, |fault| fault.target != Target::Salto);
    let wrong = came > told || (smooth && came < told);
    if !wrong || forgotten(facts, facts.commands_of(key)) {
        return None;
    }
    let what = format!("{came} commands came, and {told} are told");
    Some(Violation::of(JUDGE, what).about(key).at(ended))
}
