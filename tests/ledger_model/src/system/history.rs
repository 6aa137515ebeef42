//! What really happened with a request, and which property it broke.

use super::setup::{EXPIRY, FRESHNESS, RESEND};
use crate::transition::{AnswerKind, RecordedAnswer, Time};

/// A property that a history broke (docs/contract.md, invariants 1 to 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Broken {
    /// Two different answers were published.
    TwoAnswers,
    /// Another outcome was recorded than before.
    AnswerChanged,
    /// The answer says that no command took effect, and a command is in doubt.
    DoubtDenied,
    /// A command left for a request whose outcome was known to its claim, or for longer than a command may
    /// rest on a claim.
    CommandAfterOutcome,
    /// A command left after the request's expiry.
    CommandAfterExpiry,
    /// A command left against an older state than the newest, which had been stored for longer than the
    /// freshness limit.
    StaleCommand,
    /// A command in doubt was repeated after the resend window of the first one.
    RepeatedTooLate,
    /// More commands than allowed are in doubt.
    TooManyInDoubt,
    /// A request about something else changed the first one's record.
    ConflictTouched,
}

/// What a command rests on as it leaves.
#[derive(Debug, Clone, Copy)]
pub(super) struct SentCommand {
    pub(super) now: Time,
    /// Whether the outcome was recorded before its claim.
    pub(super) answered: bool,
    /// Whether its claim read an older state than the newest one.
    pub(super) outdated: bool,
    /// When the newest state was stored.
    pub(super) changed_at: Time,
    /// Whether the state that was read allows the door to open.
    pub(super) allowed: bool,
}

/// What really happened with a request.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct History {
    /// When the commands were sent that may have opened the door and were not answered, in order.
    pub in_doubt: Vec<Time>,
    /// The first outcome that was recorded, and when.
    pub recorded: Option<(RecordedAnswer, Time)>,
    /// The first answer that was published.
    pub published: Option<RecordedAnswer>,
    /// Whether a dead letter says that its id was used for something else.
    pub conflict: bool,
    /// The first property that was broken.
    pub broken: Option<Broken>,
}

impl History {
    /// A command leaves.
    pub(super) fn send(&mut self, command: SentCommand) {
        let SentCommand { now, answered, outdated, changed_at, allowed } = command;
        let first = self.in_doubt.first().copied();
        let is_late = first.is_some_and(|first| now - first >= window());
        self.in_doubt.push(now);
        let known = self.recorded.is_some_and(|(_, at)| answered || now - at > FRESHNESS);
        let stale = outdated && now - changed_at > FRESHNESS;
        self.note(known, Broken::CommandAfterOutcome);
        self.note(now >= EXPIRY, Broken::CommandAfterExpiry);
        self.note(stale || !allowed, Broken::StaleCommand);
        self.note(is_late, Broken::RepeatedTooLate);
        let most = usize::try_from(RESEND.commands).unwrap_or(usize::MAX);
        self.note(self.in_doubt.len() > most, Broken::TooManyInDoubt);
    }

    /// Salto answers: the command that was sent then is not in doubt any more.
    pub(super) fn answered(&mut self, sent_at: Time) {
        if let Some(place) = self.in_doubt.iter().position(|sent| *sent == sent_at) {
            self.in_doubt.remove(place);
        }
    }

    /// The ledger has this outcome.
    pub(super) fn record(&mut self, answer: RecordedAnswer, now: Time) {
        match self.recorded {
            Some((before, _)) => self.note(before != answer, Broken::AnswerChanged),
            None => {
                self.recorded = Some((answer, now));
                let denies = match answer.kind {
                    AnswerKind::Rejected | AnswerKind::Failed => true,
                    AnswerKind::Opened | AnswerKind::OutcomeUnknown => false,
                };
                self.note(denies && !self.in_doubt.is_empty(), Broken::DoubtDenied);
            }
        }
    }

    /// The broker has confirmed this answer.
    pub(super) fn publish(&mut self, answer: RecordedAnswer) {
        let before = *self.published.get_or_insert(answer);
        self.note(before != answer, Broken::TwoAnswers);
    }

    pub(super) fn note(&mut self, is_broken: bool, property: Broken) {
        if is_broken && self.broken.is_none() {
            self.broken = Some(property);
        }
    }
}

/// The resend window in ticks.
pub(super) fn window() -> Time {
    Time::try_from(RESEND.window.as_secs()).unwrap_or(Time::MAX)
}
