//! Invariant 4: nothing is lost, dead letters are what they should be, and nothing is left over.

use super::facts::Asked;
use super::{Facts, Violation};
use crate::history::{DeadLetter, RequestKey};
use chrono::TimeDelta;
use std::collections::BTreeMap;

const JUDGE: &str = "4 losses";
/// What happens to a message can still happen so long after its publication or its answer.
const AFTERWARDS: TimeDelta = TimeDelta::seconds(30);

pub(super) fn judge(facts: &Facts<'_>) -> Vec<Violation> {
    let mut letters = BTreeMap::<_, Vec<&DeadLetter>>::new();
    let mut others = Vec::new();
    for letter in &facts.history.dead_letters {
        match letter.request().filter(|key| facts.requests.contains_key(key)) {
            Some(key) => letters.entry(key).or_default().push(letter),
            None => others.push(letter),
        }
    }
    let mut found = Vec::new();
    for (key, asked) in &facts.requests {
        let letters = letters.get(key).map(Vec::as_slice).unwrap_or_default();
        found.extend(unanswered(facts, key, asked));
        found.extend(misplaced(facts, key, asked, letters));
    }
    found.extend(garbage(facts, &mut others));
    for letter in others {
        let what = format!("a dead letter of {} for no reason: {}", letter.queue, letter.reason);
        found.push(Violation::of(JUDGE, what));
    }
    for (queue, depth) in facts.history.queues.iter().filter(|(_, depth)| **depth > 0) {
        found.push(Violation::of(JUDGE, format!("{depth} messages are left in {queue}")));
    }
    found
}

fn unanswered(facts: &Facts<'_>, key: &RequestKey, asked: &Asked<'_>) -> Option<Violation> {
    let confirmed = asked.confirmed?;
    let answered = facts.terminals.contains_key(key);
    let what = format!("never answered ({})", asked.request.story);
    (!answered).then(|| Violation::of(JUDGE, what).about(key).at(confirmed))
}

/// Failed requests are dead letters beside their event, once; rejected and opened ones are none.
fn misplaced(
    facts: &Facts<'_>,
    key: &RequestKey,
    asked: &Asked<'_>,
    letters: &[&DeadLetter],
) -> Option<Violation> {
    let end = facts.terminal(key)?;
    let violation = |what: String| Some(Violation::of(JUDGE, what).about(key));
    let failed = end.kind() == "lock.open-failed.v1";
    let until = end.time()? + AFTERWARDS;
    if facts.terminals[key].len() > 1 && facts.forgot_before(until) {
        return None;
    }
    match (failed, letters) {
        (true, []) => violation(format!("failed as {} without a dead letter", end.outcome())),
        (false, [letter, ..]) => {
            violation(format!("{} and yet a dead letter: {}", end.outcome(), letter.reason))
        }
        (true, letters) if letters.iter().any(|letter| letter.reason != end.outcome()) => {
            violation(format!("failed as {}, and its dead letter says otherwise", end.outcome()))
        }
        (true, letters) if letters.len() > 1 && !facts.may_repeat(asked.first, until) => {
            violation(format!("{} dead letters, and nobody was struck", letters.len()))
        }
        (true, _) | (false, []) => None,
    }
}

/// What nobody can use is in the dead letters, untouched and with the right reason. Takes them out of `letters`.
fn garbage(facts: &Facts<'_>, letters: &mut Vec<&DeadLetter>) -> Vec<Violation> {
    let mut found = Vec::new();
    for published in &facts.history.garbage {
        let (garbage, sent) = (&published.what, published.sent);
        let ours = |letter: &&DeadLetter| letter.body.contains(&garbage.mark);
        let mine: Vec<_> = letters.iter().copied().filter(|letter| ours(letter)).collect();
        letters.retain(|letter| !ours(letter));
        let violation = |what: &str| {
            let what = format!("{} ({}): {what}", garbage.mark, garbage.reason);
            Violation::of(JUDGE, what).at(sent.first)
        };
        if mine.is_empty() && sent.confirmed.is_some() {
            found.push(violation("is in no dead letter"));
        }
        if mine.iter().any(|letter| letter.body != garbage.body) {
            found.push(violation("its dead letter has another body"));
        }
        let right =
            |letter: &&DeadLetter| letter.reason == garbage.reason && letter.queue == garbage.queue;
        if !mine.iter().all(right) {
            found.push(violation("its dead letter has another reason or queue"));
        }
        let struck = facts.may_repeat(sent.first, sent.first + AFTERWARDS);
        if mine.len() > sent.copies as usize && !struck {
            found.push(violation("is there more often than it was sent, and nobody was struck"));
        }
    }
    found
}
