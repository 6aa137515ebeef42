//! `conclude.lua`: an outcome is recorded, once.

use super::record::{AnswerKind, OwnerId, RecordedAnswer, RequestRecord, Subject, Time};
use crate::rule_set::RuleSet;

/// An outcome to record.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ConcludeRequest {
    pub owner: OwnerId,
    pub attempt: u32,
    pub answer: RecordedAnswer,
    pub subject: Subject,
    /// Whether the answer is that of a dead letter.
    pub dead_lettered: bool,
    pub keep_until: Time,
    /// The commands in doubt that the owner's claim left in the record.
    pub doubts: i64,
}

/// The answer to a conclusion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConcludeReply {
    /// This outcome is recorded: the one that was to be, or an earlier one.
    Recorded { answer: RecordedAnswer, dead_lettered: bool, terminal_published: bool },
    /// It is not recorded: another owner, or a later attempt, has the claim, or had it.
    ClaimedElsewhere,
}

/// Applies a conclusion to the record. An owner that has lost its claim, or that does not know of all commands
/// in doubt, records only that the door opened: any other outcome may be wrong by what another owner did.
pub fn conclude(
    record: &mut Option<RequestRecord>,
    asked: &ConcludeRequest,
    rules: RuleSet,
) -> ConcludeReply {
    if let Some(known) = record {
        if known.subject != asked.subject {
            return ConcludeReply::ClaimedElsewhere;
        }
        if known.is_held_by(asked.owner) {
            known.holder.iter_mut().for_each(|holder| holder.in_flight = false);
        }
        if let Some(answer) = known.terminal {
            let RequestRecord { dead_lettered, terminal_published, .. } = *known;
            return ConcludeReply::Recorded { answer, dead_lettered, terminal_published };
        }
        if asked.answer.kind != AnswerKind::Opened && !is_claimed(known, asked, rules) {
            return ConcludeReply::ClaimedElsewhere;
        }
    }
    let recorded =
        record.get_or_insert_with(|| RequestRecord::new(asked.subject, asked.keep_until));
    recorded.terminal = Some(asked.answer);
    recorded.dead_lettered = asked.dead_lettered;
    recorded.subject = asked.subject;
    recorded.expires_at = asked.keep_until;
    ConcludeReply::Recorded {
        answer: asked.answer,
        dead_lettered: asked.dead_lettered,
        terminal_published: false,
    }
}

fn is_claimed(record: &RequestRecord, asked: &ConcludeRequest, rules: RuleSet) -> bool {
    match &record.holder {
        _ if rules == RuleSet::OutcomeOfAnyOwner => true,
        Some(holder) => {
            let knows_all = record.doubts == asked.doubts || rules == RuleSet::OutcomeWithoutDoubts;
            holder.owner == asked.owner && asked.attempt >= holder.attempt && knows_all
        }
        None => record.taken_at.is_none() || rules == RuleSet::OutcomeAfterRelease,
    }
}
