//! Invariant 5: a command that Salto answered with a verdict on the one-time password ends the request; an IQ that is
//! blocked is left alone.

use super::{Facts, Violation};
use crate::history::{Command, Event, RequestKey, Target};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeMap;

const JUDGE: &str = "5 one-time passwords";
/// In all, where no answer ever came through: as many as commands in doubt.
const MOST: usize = 3;
/// From the verdict until every replica knows.
const HEARD: TimeDelta = TimeDelta::seconds(3);

pub(super) fn judge(facts: &Facts<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    for (key, commands) in &facts.commands {
        found.extend(tried_again(facts, key, commands));
    }
    found.extend(not_left_alone(facts));
    found
}

fn tried_again(facts: &Facts<'_>, key: &RequestKey, commands: &[&Command]) -> Option<Violation> {
    let refused: Vec<_> = commands.iter().filter(|one| one.otp_was_refused()).collect();
    let first = refused.iter().find(|one| heard(facts, one));
    let again =
        first.and_then(|first| commands.iter().find(|one| one.received_at > first.received_at));
    if let (Some(first), Some(again)) = (first, again) {
        let what =
            format!("command {} although {} was refused: {}", again.seq, first.seq, first.verdict);
        return Some(Violation::of(JUDGE, what).about(key).at(again.received_at));
    }
    let what = || format!("{} one-time passwords were refused", refused.len());
    (refused.len() > MOST).then(|| Violation::of(JUDGE, what()).about(key))
}

/// Whether the answer reached whoever had sent the command.
fn heard(facts: &Facts<'_>, command: &Command) -> bool {
    let at = command.received_at;
    let around = (at - TimeDelta::seconds(10), at + TimeDelta::seconds(5));
    let breaks = |target| match target {
        Target::Worker(_)
        | Target::SaltoLink
        | Target::Memory
        | Target::Redis
        | Target::RedisLink(_) => true,
        Target::Broker | Target::BrokerLink(_) | Target::Salto => false,
    };
    command.status.is_some_and(|status| status < 500)
        && command.fault.is_none()
        && !facts.history.troubled(around.0, around.1, |fault| breaks(fault.target))
}

/// Once an answer has told of a block, nobody calls that IQ for this integration.
fn not_left_alone(facts: &Facts<'_>) -> Vec<Violation> {
    let mut blocked = BTreeMap::<(&str, &str), (DateTime<Utc>, &Event)>::new();
    for (key, events) in &facts.terminals {
        let event = events[0];
        let by_salto = facts.commands_of(key).iter().find(|one| one.verdict == "otp_blocked");
        let (Some(command), Some(at)) = (by_salto, event.time()) else { continue };
        let (Some(user), Some(iq)) = (&command.username, &command.iq_id) else { continue };
        if event.outcome() == "otp_blocked" && !facts.forgot_before(facts.history.ended) {
            let first = blocked.entry((user, iq)).or_insert((at, event));
            if at < first.0 {
                *first = (at, event);
            }
        }
    }
    let mut found = Vec::new();
    for ((user, iq), (since, event)) in blocked {
        let calls = facts.history.commands.iter().filter(|one| {
            one.username.as_deref() == Some(user)
                && one.iq_id.as_deref() == Some(iq)
                && one.received_at > since + HEARD + facts.on_its_way(one.received_at)
        });
        let count = calls.clone().count();
        if let Some(first) = calls.clone().next() {
            let what = format!(
                "{count} commands to {iq} after it was known to be blocked for {user}, the first being {}",
                first.seq
            );
            found.push(Violation::of(JUDGE, what).about(&event.request()).at(first.received_at));
        }
    }
    found
}
