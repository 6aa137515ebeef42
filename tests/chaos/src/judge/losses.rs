//! Invariant 4: nothing is lost. Every request is answered, every dead letter is as expected, and the queues are empty.

use super::index::RequestRecord;
use super::{HistoryIndex, Violation};
use crate::history::{Answer, DeadLetter, DeadLetterReason, RequestKey};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeMap;

const CHECK: &str = "4 losses";
/// The time after a publication or an answer in which a fault can still affect the message.
const AFTERWARDS: TimeDelta = TimeDelta::seconds(30);

pub(super) fn check(index: &HistoryIndex<'_>) -> Vec<Violation> {
    let mut letters = BTreeMap::<_, Vec<&DeadLetter>>::new();
    let mut others = Vec::new();
    for letter in &index.history.dead_letters {
        let is_conflict = |key: &RequestKey| {
            index.conflicts.get(key).is_some_and(|one| letter.body.contains(&one.what.mark))
        };
        let request = letter.request().filter(|key| !is_conflict(key));
        match request.filter(|key| index.requests.contains_key(key)) {
            Some(key) => letters.entry(key).or_default().push(letter),
            None => others.push(letter),
        }
    }
    let mut found = Vec::new();
    for (key, record) in &index.requests {
        let letters = letters.get(key).map(Vec::as_slice).unwrap_or_default();
        found.extend(unanswered(index, key, record, letters));
        found.extend(misplaced(index, key, record, letters));
    }
    found.extend(invalid_messages(index, &mut others));
    for letter in others {
        let what = format!("an unexpected dead letter of {}: {}", letter.queue, letter.reason);
        found.push(Violation::of(CHECK, what));
    }
    for (queue, depth) in index.history.queues.iter().filter(|(_, depth)| **depth > 0) {
        found.push(Violation::of(CHECK, format!("{depth} messages are left in {queue}")));
    }
    found
}

fn unanswered(
    index: &HistoryIndex<'_>,
    key: &RequestKey,
    record: &RequestRecord<'_>,
    letters: &[&DeadLetter],
) -> Option<Violation> {
    let confirmed = record.confirmed?;
    // Another request with its source and id was the first.
    let conflicts = index.conflict_answers.contains_key(key)
        && letters.iter().any(|it| it.known_reason() == Some(DeadLetterReason::IdConflict));
    let answered = index.terminals.contains_key(key) || conflicts;
    let what = format!("never answered ({})", record.request.case);
    (!answered).then(|| Violation::of(CHECK, what).about(key).at(confirmed))
}

/// A failed request has one dead letter beside its event; a rejected or opened one has none.
fn misplaced(
    index: &HistoryIndex<'_>,
    key: &RequestKey,
    record: &RequestRecord<'_>,
    letters: &[&DeadLetter],
) -> Option<Violation> {
    let end = index.terminal(key)?;
    let violation = |what: String| Some(Violation::of(CHECK, what).about(key));
    // The vocabulary check reports an unknown reason.
    let failed = match end.answer()? {
        Answer::Failed(reason) => Some(DeadLetterReason::Failed(reason)),
        Answer::Opened | Answer::Rejected(_) => None,
    };
    let ended = end.time()?;
    let until = repeatable_until(index, ended);
    if index.terminals[key].len() > 1 && index.redis_emptied_before(until) {
        return None;
    }
    match (failed, letters) {
        // The outcome is known, so the replayed message makes no second dead letter.
        (Some(_), [])
            if index.terminals[key].len() > 1 && index.replays(ended).next().is_some() =>
        {
            None
        }
        (Some(_), []) => violation(format!("failed with {} without a dead letter", end.outcome())),
        (None, [letter, ..]) => {
            violation(format!("{}, but has a dead letter: {}", end.outcome(), letter.reason))
        }
        (Some(_), letters) if letters.iter().any(|letter| letter.known_reason() != failed) => {
            violation(format!("failed with {}, but its dead letter differs", end.outcome()))
        }
        (Some(_), letters) if letters.len() > 1 && !index.may_repeat(record.first, until) => {
            violation(format!("{} dead letters without a fault", letters.len()))
        }
        (Some(_), _) | (None, []) => None,
    }
}

/// Until when a fault can double the dead letter of a message that was published or answered at this time. A replay
/// publishes the message before it removes the dead letter, and handles it again.
fn repeatable_until(index: &HistoryIndex<'_>, at: DateTime<Utc>) -> DateTime<Utc> {
    let replayed = index.replays(at).map(|fault| fault.until).max();
    replayed.unwrap_or(at).max(at) + AFTERWARDS
}

/// Whether the mark is in the body. One whose number only begins with this mark's is another one.
fn has_mark(body: &str, mark: &str) -> bool {
    body.match_indices(mark)
        .any(|(at, _)| !body[at + mark.len()..].starts_with(|next: char| next.is_ascii_digit()))
}

/// Every invalid message is a dead letter, unchanged and with the expected reason. Removes these from `letters`.
fn invalid_messages(index: &HistoryIndex<'_>, letters: &mut Vec<&DeadLetter>) -> Vec<Violation> {
    let mut found = Vec::new();
    for published in &index.history.invalid_messages {
        let (message, sent) = (&published.what, published.sent);
        let belongs = |letter: &&DeadLetter| has_mark(&letter.body, &message.mark);
        let found_letters: Vec<_> =
            letters.iter().copied().filter(|letter| belongs(letter)).collect();
        letters.retain(|letter| !belongs(letter));
        let violation = |what: &str| {
            let what = format!("{} ({}): {what}", message.mark, message.reason);
            Violation::of(CHECK, what).at(sent.first)
        };
        let answered =
            message.request().is_some_and(|key| index.conflict_answers.contains_key(&key));
        if found_letters.is_empty() && sent.confirmed.is_some() && !answered {
            found.push(violation("has no dead letter"));
        }
        if found_letters.iter().any(|letter| letter.body != message.body) {
            found.push(violation("its dead letter has another body"));
        }
        let right =
            |letter: &&DeadLetter| letter.reason == message.reason && letter.queue == message.queue;
        if !found_letters.iter().all(right) {
            found.push(violation("its dead letter has another reason or queue"));
        }
        let disturbed = index.may_repeat(sent.first, repeatable_until(index, sent.first));
        if found_letters.len() > sent.copies as usize && !disturbed {
            found.push(violation("has more dead letters than it was sent, without a fault"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::has_mark;

    #[test]
    fn a_mark_is_not_the_beginning_of_a_longer_number() {
        assert!(has_mark("invalid-12345 is not JSON", "invalid-12345"));
        assert!(has_mark("{\"id\": \"invalid-12345", "invalid-12345"));
        assert!(!has_mark("invalid-123456 is not JSON", "invalid-12345"));
        assert!(has_mark("invalid-123456, invalid-12345", "invalid-12345"));
    }
}
