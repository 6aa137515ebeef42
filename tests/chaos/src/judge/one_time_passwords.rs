//! Invariant 5: a command that Salto answered with a verdict on the one-time password ends the request; a blocked IQ
//! gets no commands.

use super::{HistoryIndex, Violation};
use crate::history::{Answer, Command, Event, RequestKey, Target};
use chrono::{DateTime, TimeDelta, Utc};
use rules::FailedReason;
use std::collections::BTreeMap;

const CHECK: &str = "5 one-time passwords";
/// The largest number of rejected passwords if no answer arrived: as many as commands with an unknown outcome.
const MOST: usize = 3;
/// The time from the verdict until all replicas know it.
const PROPAGATION: TimeDelta = TimeDelta::seconds(3);

pub(super) fn check(index: &HistoryIndex<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    for (key, commands) in &index.commands {
        found.extend(repeated_after_rejection(index, key, commands));
    }
    found.extend(commands_to_blocked_iqs(index));
    found
}

fn repeated_after_rejection(
    index: &HistoryIndex<'_>,
    key: &RequestKey,
    commands: &[&Command],
) -> Option<Violation> {
    let rejected: Vec<_> = commands.iter().filter(|one| one.otp_was_rejected()).collect();
    let first = rejected.iter().find(|one| answer_arrived(index, one));
    let again =
        first.and_then(|first| commands.iter().find(|one| one.received_at > first.received_at));
    if let (Some(first), Some(again)) = (first, again) {
        let what =
            format!("command {} although {} was rejected: {}", again.seq, first.seq, first.verdict);
        return Some(Violation::of(CHECK, what).about(key).at(again.received_at));
    }
    let what = || format!("{} one-time passwords were rejected", rejected.len());
    (rejected.len() > MOST).then(|| Violation::of(CHECK, what()).about(key))
}

/// Whether the answer certainly reached the worker.
fn answer_arrived(index: &HistoryIndex<'_>, command: &Command) -> bool {
    let at = command.received_at;
    let around = (at - TimeDelta::seconds(10), at + TimeDelta::seconds(5));
    let breaks = |target| match target {
        Target::Worker(_)
        | Target::SaltoLink
        | Target::RedisData
        | Target::Redis
        | Target::RedisLink(_) => true,
        Target::Broker
        | Target::BrokerLink(_)
        | Target::Salto
        | Target::OutboundBinding
        | Target::DeadLetters => false,
    };
    command.status.is_some_and(|status| status < 500)
        && command.fault.is_none()
        && !index.history.had_fault(around.0, around.1, |fault| breaks(fault.target))
}

/// After an answer with a block, the IQ gets no commands of this integration.
fn commands_to_blocked_iqs(index: &HistoryIndex<'_>) -> Vec<Violation> {
    let mut blocked = BTreeMap::<(&str, &str), (DateTime<Utc>, &Event)>::new();
    for (key, events) in &index.terminals {
        let event = events[0];
        let by_salto = index.commands_of(key).iter().find(|one| one.verdict == "otp_blocked");
        let (Some(command), Some(at)) = (by_salto, event.time()) else { continue };
        let (Some(user), Some(iq)) = (&command.username, &command.iq_id) else { continue };
        if event.answer() == Some(Answer::Failed(FailedReason::OtpBlocked))
            && !index.redis_emptied_before(index.history.ended)
        {
            let first = blocked.entry((user, iq)).or_insert((at, event));
            if at < first.0 {
                *first = (at, event);
            }
        }
    }
    let mut found = Vec::new();
    for ((user, iq), (since, event)) in blocked {
        let calls = index.history.commands.iter().filter(|one| {
            one.username.as_deref() == Some(user)
                && one.iq_id.as_deref() == Some(iq)
                && one.received_at > since + PROPAGATION + index.transit_time(one.received_at)
        });
        let count = calls.clone().count();
        if let Some(first) = calls.clone().next() {
            let what = format!(
                "{count} commands to {iq} after it was known to be blocked for {user}; the first is {}",
                first.seq
            );
            found.push(Violation::of(CHECK, what).about(&event.request()).at(first.received_at));
        }
    }
    found
}
