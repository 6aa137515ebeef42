//! What can happen next.

use super::{
    setup::Setup,
    state::{Step, System, Task},
    verdict::{Verdict, may_repeat_after, verdict},
};
use crate::transition::{AnswerKind, Reserved, Time};

/// What becomes of an operation of Redis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reply {
    /// It is applied, and its reply is received.
    Received,
    /// It is applied, and its reply is lost.
    Lost,
    /// It is delayed on its way, and seems lost.
    Late,
}

/// What a worker does with a granted claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Decision {
    /// The rules give the answer.
    Conclude(AnswerKind),
    /// A command leaves.
    Send,
    /// The send guard refuses: the claim is too old.
    ClaimAgain,
    /// Salto's log shows the opening.
    LogShowsOpening,
    /// No command was reserved, and the request cannot wait.
    GiveUp,
    /// The request waits.
    Park,
}

/// What Salto answers to a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SaltoAnswer {
    Accepted,
    /// It had no effect, and may be repeated.
    NoEffect,
    /// It had no effect, and is not repeated.
    Refused,
    /// No answer, or one that says nothing.
    Unknown,
}

/// What follows an acknowledgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Acknowledged {
    /// The broker has it, and the record's life is shortened.
    Settled,
    /// The session is lost at the same moment: the broker does not have it.
    WithoutSession,
    /// The worker ends before it shortens the record's life.
    NotSettled,
}

/// One step of the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    Tick,
    StepRedisClock(Time),
    /// A failover of Redis loses the last write.
    LoseLastWrite,
    LateOperationArrives,
    /// The booking or the integration changes: the door may open no longer, or again.
    ChangeState,
    TogglePause,
    Replay(usize),
    Deliver {
        worker: usize,
        copy: usize,
    },
    LapseHeartbeat(usize),
    LoseSession(usize),
    Crash(usize),
    Claim(usize, Reply),
    Decide(usize, Decision),
    Answer(usize, SaltoAnswer),
    Conclude(usize, Reply),
    Publish {
        worker: usize,
        returned: bool,
    },
    DeadLetter(usize),
    MarkDeadLettered(usize),
    Acknowledge(usize, Acknowledged),
    /// The worker stops handling the delivery, as its session has ended.
    Abandon(usize),
    Release(usize, Reply),
    Enqueue(usize),
    AcknowledgeParked(usize),
    ConflictDeadLetter(usize),
}

/// All that can happen in a state.
pub(super) fn actions(system: &System, setup: &Setup, into: &mut Vec<Action>) {
    surrounding_actions(system, setup, into);
    for (worker, state) in system.workers.iter().enumerate() {
        match &state.task {
            Some(task) => {
                fault_actions(system, worker, into);
                task_actions(system, setup, worker, task, into);
            }
            None => {
                let mut before = None;
                for (copy, message) in system.queue.iter().enumerate() {
                    if before != Some(message) {
                        into.push(Action::Deliver { worker, copy });
                    }
                    before = Some(message);
                }
            }
        }
    }
}

fn surrounding_actions(system: &System, setup: &Setup, into: &mut Vec<Action>) {
    let budget = system.budget;
    if system.clock < setup.horizon {
        into.push(Action::Tick);
    }
    if budget.clock_steps > 0 {
        into.extend([-5, -2, 2, 4].map(Action::StepRedisClock));
    }
    if budget.failovers > 0 && system.before_last_write.is_some() {
        into.push(Action::LoseLastWrite);
    }
    if system.late.is_some() {
        into.push(Action::LateOperationArrives);
    }
    if budget.changes > 0 {
        into.push(Action::ChangeState);
    }
    if budget.pauses > 0 {
        into.push(Action::TogglePause);
    }
    if budget.replays > 0 {
        into.extend((0..system.dead_letters.len()).map(Action::Replay));
    }
}

fn fault_actions(system: &System, worker: usize, into: &mut Vec<Action>) {
    let state = &system.workers[worker];
    if system.budget.faults == 0 {
        return;
    }
    into.push(Action::Crash(worker));
    if state.heartbeat {
        into.push(Action::LapseHeartbeat(worker));
    }
    if state.task.as_ref().is_some_and(|task| task.session) {
        into.push(Action::LoseSession(worker));
    }
}

fn task_actions(
    system: &System,
    setup: &Setup,
    worker: usize,
    task: &Task,
    into: &mut Vec<Action>,
) {
    let faults = system.budget.faults > 0;
    let replies = |into: &mut Vec<Action>, action: fn(usize, Reply) -> Action| {
        into.push(action(worker, Reply::Received));
        if faults {
            into.push(action(worker, Reply::Lost));
            if system.late.is_none() {
                into.push(action(worker, Reply::Late));
            }
        }
    };
    if abandons(task) {
        into.push(Action::Abandon(worker));
    }
    match &task.step {
        Step::Claim { .. } => replies(into, Action::Claim),
        Step::Decide(_) => decisions(system, setup, worker, into),
        Step::AwaitAnswer { grant, .. } => {
            into.extend([
                Action::Answer(worker, SaltoAnswer::Accepted),
                Action::Answer(worker, SaltoAnswer::Refused),
                Action::Answer(worker, SaltoAnswer::Unknown),
            ]);
            if system.budget.retries > 0 && may_repeat_after(system, grant, 0) {
                into.push(Action::Answer(worker, SaltoAnswer::NoEffect));
            }
        }
        Step::Conclude { .. } => replies(into, Action::Conclude),
        Step::Release { .. } => replies(into, Action::Release),
        _ if !task.session => {}
        Step::Publish { .. } => {
            into.push(Action::Publish { worker, returned: false });
            if system.budget.parks > 0 {
                into.push(Action::Publish { worker, returned: true });
            }
        }
        Step::DeadLetter(_) => into.push(Action::DeadLetter(worker)),
        Step::MarkDeadLettered => into.push(Action::MarkDeadLettered(worker)),
        Step::Acknowledge => {
            into.push(Action::Acknowledge(worker, Acknowledged::Settled));
            into.push(Action::Acknowledge(worker, Acknowledged::NotSettled));
            if faults {
                into.push(Action::Acknowledge(worker, Acknowledged::WithoutSession));
            }
        }
        Step::Enqueue => into.push(Action::Enqueue(worker)),
        Step::AcknowledgeParked => into.push(Action::AcknowledgeParked(worker)),
        Step::Conflict => into.push(Action::ConflictDeadLetter(worker)),
    }
}

/// Whether the worker stops handling the delivery before its next step, as its session has ended. What became of
/// a command is awaited and recorded all the same.
fn abandons(task: &Task) -> bool {
    let goes_on = match &task.step {
        Step::Conclude { answer, .. } => answer.attempts > 0,
        Step::AwaitAnswer { .. } | Step::Release { .. } => true,
        Step::Claim { .. } | Step::Decide(_) | Step::Publish { .. } => false,
        Step::DeadLetter(_) | Step::MarkDeadLettered | Step::Acknowledge => false,
        Step::Enqueue | Step::AcknowledgeParked | Step::Conflict => false,
    };
    !task.session && !goes_on
}

fn decisions(system: &System, setup: &Setup, worker: usize, into: &mut Vec<Action>) {
    let Some(task) = &system.workers[worker].task else { return };
    let Step::Decide(grant) = &task.step else { return };
    let decide = |decision| Action::Decide(worker, decision);
    if grant.loaded.doubts > 0 && !system.history[0].in_doubt.is_empty() {
        into.push(decide(Decision::LogShowsOpening));
    }
    if system.budget.parks > 0 && task.session {
        into.push(decide(Decision::Park));
    }
    match verdict(system, setup, worker, task, grant) {
        Verdict::Conclude(kind) => into.push(decide(Decision::Conclude(kind))),
        Verdict::Send => into.push(decide(Decision::Send)),
        Verdict::ClaimAgain => into.push(decide(Decision::ClaimAgain)),
        Verdict::NotReserved => {
            if system.budget.retries > 0 {
                into.push(decide(Decision::ClaimAgain));
            }
            if grant.loaded.reserved == Reserved::No {
                into.push(decide(Decision::GiveUp));
            }
        }
    }
}
