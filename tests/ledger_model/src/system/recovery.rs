//! Whether a request is answered once nothing fails any more.

use super::{
    action::{Acknowledged, Action, Decision, Reply, SaltoAnswer, actions},
    setup::{Budget, Setup},
    state::System,
};

/// Rounds after which every lease has ended and every request is answered.
const ROUNDS: usize = 24;

/// Steps that a worker takes in a round: enough for a whole delivery.
const STEPS: usize = 12;

impl System {
    /// Whether each request is answered, or is a dead letter, when every worker goes on without faults.
    pub(super) fn recovers(&self, setup: &Setup) -> bool {
        let mut system = self.clone();
        system.budget = Budget { retries: u8::MAX, ..Budget::default() };
        system.paused = false;
        system.before_last_write = None;
        for _ in 0..ROUNDS {
            for worker in 0..system.workers.len() {
                for _ in 0..STEPS {
                    if system.is_answered(setup) {
                        return true;
                    }
                    system = system.go_on(worker, setup);
                }
            }
            system.clock += 1;
        }
        false
    }

    fn is_answered(&self, setup: &Setup) -> bool {
        let subjects = if setup.conflict { 2 } else { 1 };
        self.history[..subjects].iter().all(|it| it.published.is_some() || it.conflict)
    }

    fn go_on(self, worker: usize, setup: &Setup) -> Self {
        let mut possible = Vec::new();
        actions(&self, setup, &mut possible);
        let next = possible.into_iter().find(|action| match action {
            Action::Deliver { worker: of, .. }
            | Action::Claim(of, Reply::Received)
            | Action::Conclude(of, Reply::Received)
            | Action::Release(of, Reply::Received)
            | Action::Decide(of, Decision::Send | Decision::Conclude(_) | Decision::ClaimAgain)
            | Action::Answer(of, SaltoAnswer::Accepted)
            | Action::Publish { worker: of, returned: false }
            | Action::DeadLetter(of)
            | Action::MarkDeadLettered(of)
            | Action::Acknowledge(of, Acknowledged::Settled)
            | Action::Abandon(of)
            | Action::Enqueue(of)
            | Action::AcknowledgeParked(of)
            | Action::ConflictDeadLetter(of) => *of == worker,
            Action::Claim(_, Reply::Lost | Reply::Late)
            | Action::Conclude(_, Reply::Lost | Reply::Late)
            | Action::Release(_, Reply::Lost | Reply::Late)
            | Action::Decide(_, Decision::LogShowsOpening | Decision::GiveUp | Decision::Park)
            | Action::Answer(..)
            | Action::Publish { returned: true, .. }
            | Action::Acknowledge(..)
            | Action::Tick
            | Action::StepRedisClock(_)
            | Action::LoseLastWrite
            | Action::LateOperationArrives
            | Action::ChangeState
            | Action::TogglePause
            | Action::Replay(_)
            | Action::LapseHeartbeat(_)
            | Action::LoseSession(_)
            | Action::Crash(_) => false,
        });
        match next {
            Some(action) => self.clone().step(action, setup).unwrap_or(self),
            None => self,
        }
    }
}
