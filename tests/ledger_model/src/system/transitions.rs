//! What follows an action.

use super::{
    action::{Acknowledged, Action, Decision, Reply, SaltoAnswer},
    history::SentCommand,
    redis::owner_of,
    setup::Setup,
    state::{Grant, LateOperation, MessageCopy, Step, System, Task},
    verdict::may_repeat_after,
};
use crate::{
    rule_set::RuleSet,
    transition::{
        AnswerKind, ClaimReply, ClaimRequest, ConcludeReply, ConcludeRequest, LastCommandResult,
        RecordedAnswer, ReleaseRequest, Reserved, Time,
    },
};

impl System {
    /// Takes a step; None where it changes nothing.
    pub(super) fn step(mut self, action: Action, setup: &Setup) -> Option<Self> {
        match action {
            Action::Tick => self.clock += 1,
            Action::StepRedisClock(by) => {
                self.budget.clock_steps -= 1;
                self.redis_ahead += by;
            }
            Action::LoseLastWrite => {
                self.budget.failovers -= 1;
                self.lose_last_write();
            }
            Action::LateOperationArrives => self.apply_late(setup),
            Action::ChangeState => {
                self.budget.changes -= 1;
                self.version += 1;
                self.changed_at = self.clock;
                self.allowed = !self.allowed;
            }
            Action::TogglePause => {
                self.budget.pauses -= 1;
                self.paused = !self.paused;
            }
            Action::Replay(index) => {
                self.budget.replays -= 1;
                let letter = self.dead_letters.remove(index);
                self.enqueue(MessageCopy { parked_or_replayed: true, ..letter });
            }
            Action::Deliver { .. }
            | Action::LapseHeartbeat(_)
            | Action::LoseSession(_)
            | Action::Crash(_)
            | Action::Claim(..)
            | Action::Decide(..)
            | Action::Answer(..)
            | Action::Conclude(..)
            | Action::Publish { .. }
            | Action::DeadLetter(_)
            | Action::MarkDeadLettered(_)
            | Action::Acknowledge(..)
            | Action::Abandon(_)
            | Action::Release(..)
            | Action::Enqueue(_)
            | Action::AcknowledgeParked(_)
            | Action::ConflictDeadLetter(_) => self.worker_step(action, setup)?,
        }
        Some(self)
    }

    /// A step of a worker, or a fault of it; None where it handles no delivery.
    fn worker_step(&mut self, action: Action, setup: &Setup) -> Option<()> {
        match action {
            Action::Tick
            | Action::StepRedisClock(_)
            | Action::LoseLastWrite
            | Action::LateOperationArrives
            | Action::ChangeState
            | Action::TogglePause
            | Action::Replay(_) => return None,
            Action::Deliver { worker, copy } => {
                let message = self.queue.remove(copy);
                self.workers[worker].task = Some(Task::new(message));
            }
            Action::LapseHeartbeat(worker) => {
                self.budget.faults -= 1;
                self.workers[worker].heartbeat = false;
            }
            Action::LoseSession(worker) => {
                self.budget.faults -= 1;
                self.lose_session(worker);
            }
            Action::Crash(worker) => {
                self.budget.faults -= 1;
                self.lose_session(worker);
                self.end_delivery(worker);
            }
            Action::Claim(worker, _)
            | Action::Decide(worker, _)
            | Action::Answer(worker, _)
            | Action::Conclude(worker, _)
            | Action::Publish { worker, .. }
            | Action::DeadLetter(worker)
            | Action::MarkDeadLettered(worker)
            | Action::Acknowledge(worker, _)
            | Action::Abandon(worker)
            | Action::Release(worker, _)
            | Action::Enqueue(worker)
            | Action::AcknowledgeParked(worker)
            | Action::ConflictDeadLetter(worker) => {
                let task = self.workers[worker].task.take()?;
                self.task_step(worker, task, action, setup);
            }
        }
        Some(())
    }

    /// A worker goes on with its delivery. Where it has not ended, the task is put back.
    fn task_step(&mut self, worker: usize, mut task: Task, action: Action, setup: &Setup) {
        let ends = match action {
            Action::Claim(_, reply) => {
                self.claim_step(worker, &mut task, reply, setup);
                false
            }
            Action::Decide(_, decision) => {
                self.decide_step(&mut task, decision);
                false
            }
            Action::Answer(_, answer) => {
                self.answer_step(&mut task, answer);
                false
            }
            Action::Conclude(_, reply) => {
                self.conclude_step(worker, &mut task, reply, setup);
                false
            }
            Action::Release(_, reply) => self.release_step(worker, &mut task, reply, setup),
            Action::Abandon(_) => {
                task.step = Step::Release { parks: false };
                false
            }
            Action::Publish { .. }
            | Action::DeadLetter(_)
            | Action::MarkDeadLettered(_)
            | Action::Acknowledge(..)
            | Action::Enqueue(_)
            | Action::AcknowledgeParked(_)
            | Action::ConflictDeadLetter(_) => self.broker_step(&mut task, action, setup),
            Action::Tick
            | Action::StepRedisClock(_)
            | Action::LoseLastWrite
            | Action::LateOperationArrives
            | Action::ChangeState
            | Action::TogglePause
            | Action::Replay(_)
            | Action::Deliver { .. }
            | Action::LapseHeartbeat(_)
            | Action::LoseSession(_)
            | Action::Crash(_) => false,
        };
        self.workers[worker].task = Some(task);
        if ends {
            self.end_delivery(worker);
        }
    }

    fn claim_step(&mut self, worker: usize, task: &mut Task, reply: Reply, setup: &Setup) {
        if task.step == (Step::Claim { repeats: false }) {
            task.attempt += 1;
        }
        task.step = Step::Claim { repeats: true };
        let asked = ClaimRequest {
            owner: owner_of(worker),
            process: owner_of(worker),
            attempt: task.attempt,
            granted: task.granted,
            follows_at_once: task.message.answer.is_none(),
            last: task.last,
            redelivered: task.message.redelivered,
            subject: task.message.subject,
            rehearsal: false,
            now: self.clock,
            keep_until: self.keep_until(setup),
        };
        match reply {
            Reply::Late => self.delay(LateOperation::Claim(asked)),
            Reply::Lost => {
                self.budget.faults -= 1;
                self.workers[worker].heartbeat = true;
                self.claim(&asked, setup);
            }
            Reply::Received => {
                self.workers[worker].heartbeat = true;
                let answered = self.history[usize::from(asked.subject)].recorded.is_some();
                match self.claim(&asked, setup) {
                    ClaimReply::Conflict(_) => task.step = Step::Conflict,
                    ClaimReply::Known { answer, dead_lettered, .. } => {
                        task.step = Step::Publish { answer, dead_lettered };
                    }
                    ClaimReply::Busy(_) => {
                        task.last = LastCommandResult::NoneOrUnknown;
                        task.step = Step::Claim { repeats: false };
                        self.park_if_possible(task);
                    }
                    ClaimReply::Granted(loaded) => {
                        let (version, allowed, paused) = (self.version, self.allowed, self.paused);
                        let asked_at = self.clock;
                        let grant = Grant { asked_at, loaded, version, allowed, paused, answered };
                        granted(task, grant);
                    }
                }
            }
        }
    }

    /// A request that another owner acts on is parked, where it may; otherwise the worker claims again.
    fn park_if_possible(&mut self, task: &mut Task) {
        if task.session && self.budget.parks > 0 {
            self.budget.parks -= 1;
            task.step = Step::Release { parks: true };
        }
    }

    fn decide_step(&mut self, task: &mut Task, decision: Decision) {
        let Step::Decide(grant) = task.step else { return };
        let attempts = grant.loaded.attempts;
        let conclude = |kind| concluding(kind, attempts);
        task.step = match decision {
            Decision::Conclude(kind) => conclude(kind),
            Decision::LogShowsOpening => conclude(AnswerKind::Opened),
            Decision::GiveUp if grant.loaded.doubts > 0 => conclude(AnswerKind::OutcomeUnknown),
            Decision::GiveUp => conclude(AnswerKind::Failed),
            Decision::ClaimAgain => {
                if grant.loaded.reserved != Reserved::Yes || grant.paused {
                    self.budget.retries -= 1;
                }
                Step::Claim { repeats: false }
            }
            Decision::Park => {
                self.budget.parks -= 1;
                Step::Release { parks: true }
            }
            Decision::Send => {
                let history = &mut self.history[usize::from(task.message.subject)];
                history.send(SentCommand {
                    now: self.clock,
                    answered: grant.answered,
                    outdated: grant.version != self.version,
                    changed_at: self.changed_at,
                    allowed: grant.allowed,
                });
                task.last = LastCommandResult::NoneOrUnknown;
                Step::AwaitAnswer { grant, sent_at: self.clock }
            }
        };
    }

    fn answer_step(&mut self, task: &mut Task, answer: SaltoAnswer) {
        let Step::AwaitAnswer { grant, sent_at } = task.step else { return };
        let history = &mut self.history[usize::from(task.message.subject)];
        let attempts = grant.loaded.attempts + 1;
        let conclude = |kind| concluding(kind, attempts);
        let in_doubt = grant.loaded.doubts > 0;
        if answer != SaltoAnswer::Unknown {
            history.answered(sent_at);
        }
        task.step = match answer {
            SaltoAnswer::Accepted => conclude(AnswerKind::Opened),
            SaltoAnswer::NoEffect => {
                self.budget.retries -= 1;
                task.last = LastCommandResult::NoEffect;
                Step::Claim { repeats: false }
            }
            SaltoAnswer::Refused => {
                task.last = LastCommandResult::NoEffect;
                conclude(if in_doubt { AnswerKind::OutcomeUnknown } else { AnswerKind::Failed })
            }
            SaltoAnswer::Unknown if may_repeat_after(self, &grant, 1) => {
                Step::Claim { repeats: false }
            }
            SaltoAnswer::Unknown => conclude(AnswerKind::OutcomeUnknown),
        };
    }

    /// The operation arrives at Redis later.
    fn delay(&mut self, operation: LateOperation) {
        self.budget.faults -= 1;
        self.late = Some(operation);
    }

    fn conclude_step(&mut self, worker: usize, task: &mut Task, reply: Reply, setup: &Setup) {
        let Step::Conclude { answer, dead_lettered } = task.step else { return };
        let asked = ConcludeRequest {
            owner: owner_of(worker),
            attempt: task.attempt,
            answer,
            subject: task.message.subject,
            dead_lettered,
            keep_until: self.keep_until(setup),
            doubts: task.doubts,
        };
        match reply {
            Reply::Late => self.delay(LateOperation::Conclude(asked)),
            Reply::Lost => {
                self.budget.faults -= 1;
                self.conclude(&asked, setup);
            }
            Reply::Received => match self.conclude(&asked, setup) {
                ConcludeReply::Recorded { answer, dead_lettered, .. } => {
                    task.step = Step::Publish { answer, dead_lettered };
                }
                ConcludeReply::ClaimedElsewhere => {
                    task.last = LastCommandResult::NoneOrUnknown;
                    task.step = Step::Claim { repeats: false };
                }
            },
        }
    }

    /// Whether the delivery ends with this release.
    fn release_step(
        &mut self,
        worker: usize,
        task: &mut Task,
        reply: Reply,
        setup: &Setup,
    ) -> bool {
        let Step::Release { parks } = task.step else { return false };
        let (owner, granted, last) = (owner_of(worker), task.granted, task.last);
        let asked = ReleaseRequest { owner, granted, last, failures: 0, wait: 0 };
        match reply {
            Reply::Late => self.delay(LateOperation::Release(asked)),
            Reply::Lost => {
                self.budget.faults -= 1;
                self.release(&asked, setup);
            }
            Reply::Received => self.release(&asked, setup),
        }
        // A release before requeuing is tried once, one before parking until its reply is received.
        if !parks || !task.session {
            self.requeue(task);
            return true;
        }
        if reply == Reply::Received {
            task.step = Step::Enqueue;
        }
        false
    }

    /// Whether the delivery ends with this step.
    fn broker_step(&mut self, task: &mut Task, action: Action, setup: &Setup) -> bool {
        let message = task.message;
        match (action, task.step.clone()) {
            (Action::Publish { returned: true, .. }, Step::Publish { .. }) => {
                self.budget.parks -= 1;
                task.step = Step::Release { parks: true };
            }
            (_, Step::Publish { answer, dead_lettered }) => {
                self.history[usize::from(message.subject)].publish(answer);
                let fails = match answer.kind {
                    AnswerKind::Failed | AnswerKind::OutcomeUnknown => true,
                    AnswerKind::Opened | AnswerKind::Rejected => false,
                };
                let makes_letter = fails && !dead_lettered;
                task.step = if makes_letter { Step::DeadLetter(answer) } else { Step::Acknowledge };
            }
            (_, Step::DeadLetter(answer)) => {
                let answer = Some(answer).filter(|_| setup.rules != RuleSet::AnswerForgotten);
                self.dead_letters.push(MessageCopy { answer, redelivered: false, ..message });
                self.dead_letters.sort_unstable();
                task.step = Step::MarkDeadLettered;
            }
            (_, Step::MarkDeadLettered) => {
                self.mark_dead_lettered();
                task.step = Step::Acknowledge;
            }
            (_, Step::Conflict) => {
                self.history[usize::from(message.subject)].conflict = true;
                return true;
            }
            (_, Step::Enqueue) => {
                self.enqueue(MessageCopy {
                    parked_or_replayed: true,
                    redelivered: false,
                    ..message
                });
                task.step = Step::AcknowledgeParked;
            }
            (Action::Acknowledge(_, acknowledged), Step::Acknowledge) => {
                let perhaps_copied = message.redelivered || message.parked_or_replayed;
                match acknowledged {
                    Acknowledged::Settled => self.settle(perhaps_copied, setup),
                    Acknowledged::NotSettled => {}
                    Acknowledged::WithoutSession => {
                        self.budget.faults -= 1;
                        self.requeue(task);
                        self.settle(true, setup);
                    }
                }
                return true;
            }
            (_, _) => return true,
        }
        false
    }

    fn enqueue(&mut self, message: MessageCopy) {
        self.queue.push(message);
        self.queue.sort_unstable();
    }

    /// The message returns to its queue, where it is not there already.
    fn requeue(&mut self, task: &mut Task) {
        if task.session {
            task.session = false;
            self.enqueue(MessageCopy { redelivered: true, ..task.message });
        }
    }

    fn lose_session(&mut self, worker: usize) {
        if let Some(mut task) = self.workers[worker].task.take() {
            self.requeue(&mut task);
            self.workers[worker].task = Some(task);
        }
    }

    fn end_delivery(&mut self, worker: usize) {
        self.workers[worker].task = None;
        self.workers[worker].heartbeat = true;
        self.end_owner(worker);
    }
}

/// A claim is granted.
fn granted(task: &mut Task, grant: Grant) {
    task.granted = task.attempt;
    task.doubts = grant.loaded.doubts + i64::from(grant.loaded.reserved == Reserved::Yes);
    task.last = match grant.loaded.reserved {
        Reserved::Yes => LastCommandResult::NotSent,
        Reserved::No | Reserved::Full => LastCommandResult::NoneOrUnknown,
    };
    let since: Time = grant.asked_at - grant.loaded.since_first;
    task.in_doubt_since = match grant.loaded.doubts {
        0 => None,
        _ => Some(task.in_doubt_since.map_or(since, |before| before.min(since))),
    };
    task.step = match task.message.answer {
        Some(answer) => Step::Conclude { answer, dead_lettered: true },
        None => Step::Decide(grant),
    };
}

/// The step that records an answer.
fn concluding(kind: AnswerKind, attempts: i64) -> Step {
    Step::Conclude { answer: RecordedAnswer { kind, attempts }, dead_lettered: false }
}
