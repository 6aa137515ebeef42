//! Random operations on a request.

use ledger_model::transition::AnswerKind;
use proptest::prelude::*;

use crate::state::ledger::LastCommand;

/// How often an operation reaches Redis, and whether its owner sees the reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Applied {
    Once,
    Twice,
    WithoutReply,
}

/// One step of a history.
#[derive(Debug, Clone)]
pub(super) enum Operation {
    Claim {
        owner: usize,
        /// The same attempt again, or one before it; otherwise the next one.
        repeats: bool,
        overtaken: bool,
        follows_at_once: bool,
        rehearsal: bool,
        /// Whether the request is about something else.
        other_subject: bool,
        last: LastCommand,
        applied: Applied,
    },
    Conclude {
        owner: usize,
        kind: AnswerKind,
        attempts: u32,
        dead_lettered: bool,
        applied: Applied,
    },
    Release {
        owner: usize,
        last: LastCommand,
        failures: u32,
        waits: bool,
        applied: Applied,
    },
    /// The holder's lease ends.
    EndLease,
    /// The lease ends after more than two leases, as after Redis' clock was set back.
    ClockSetBack,
    /// The first command in doubt was reserved earlier.
    AgeDoubt,
    /// The same, in the future of Redis' clock.
    DoubtInFuture,
    /// The wait before the next command ends.
    EndWait,
    Pause(bool),
    Heartbeat {
        process: usize,
        alive: bool,
    },
    Settle {
        perhaps_copied: bool,
    },
    MarkDeadLettered,
    MarkTerminalPublished,
    /// The record expires.
    Expire,
}

fn last() -> impl Strategy<Value = LastCommand> {
    prop::sample::select(vec![
        LastCommand::NoneOrUnknown,
        LastCommand::NotSent,
        LastCommand::NoEffect,
    ])
}

fn applied() -> impl Strategy<Value = Applied> {
    prop::sample::select(vec![Applied::Once, Applied::Once, Applied::Twice, Applied::WithoutReply])
}

fn kind() -> impl Strategy<Value = AnswerKind> {
    prop::sample::select(vec![
        AnswerKind::Opened,
        AnswerKind::Rejected,
        AnswerKind::Failed,
        AnswerKind::OutcomeUnknown,
    ])
}

prop_compose! {
    fn claims()(
        owner in 0usize..3,
        repeats in prop::bool::weighted(0.2),
        overtaken in prop::bool::weighted(0.1),
        follows_at_once in prop::bool::weighted(0.8),
        rehearsal in any::<bool>(),
        other_subject in prop::bool::weighted(0.05),
        last in last(),
        applied in applied(),
    ) -> Operation {
        Operation::Claim {
            owner, repeats, overtaken, follows_at_once, rehearsal, other_subject, last, applied,
        }
    }
}

prop_compose! {
    fn conclusions()(
        owner in 0usize..3,
        kind in kind(),
        attempts in 0u32..4,
        dead_lettered in any::<bool>(),
        applied in applied(),
    ) -> Operation {
        Operation::Conclude { owner, kind, attempts, dead_lettered, applied }
    }
}

prop_compose! {
    fn releases()(
        owner in 0usize..3,
        last in last(),
        failures in 0u32..5,
        waits in any::<bool>(),
        applied in applied(),
    ) -> Operation {
        Operation::Release { owner, last, failures, waits, applied }
    }
}

/// Any operation; claims most often, outcomes seldom.
pub(super) fn operations() -> impl Strategy<Value = Operation> {
    prop_oneof![
        20 => claims(),
        2 => conclusions(),
        5 => releases(),
        4 => Just(Operation::EndLease),
        1 => Just(Operation::ClockSetBack),
        1 => Just(Operation::AgeDoubt),
        1 => Just(Operation::DoubtInFuture),
        3 => Just(Operation::EndWait),
        2 => any::<bool>().prop_map(Operation::Pause),
        2 => (0usize..2, any::<bool>())
            .prop_map(|(process, alive)| Operation::Heartbeat { process, alive }),
        1 => any::<bool>().prop_map(|perhaps_copied| Operation::Settle { perhaps_copied }),
        1 => Just(Operation::MarkDeadLettered),
        1 => Just(Operation::MarkTerminalPublished),
        1 => Just(Operation::Expire),
    ]
}
