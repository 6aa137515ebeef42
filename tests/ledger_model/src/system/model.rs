//! The system as a model of the checker, and its properties.

use stateright::{Model, Property};

use super::{
    action::{Action, actions},
    history::{Broken, History},
    property,
    setup::Setup,
    state::{MessageCopy, System, WorkerState},
};
use crate::transition::AnswerKind;

impl Model for Setup {
    type State = System;
    type Action = Action;

    fn init_states(&self) -> Vec<System> {
        let subjects = if self.conflict { 0..2 } else { 0..1 };
        let copy = |subject| MessageCopy {
            subject,
            redelivered: false,
            parked_or_replayed: false,
            answer: None,
        };
        vec![System {
            clock: 0,
            redis_ahead: 0,
            record: None,
            before_last_write: None,
            late: None,
            queue: subjects.map(copy).collect(),
            dead_letters: Vec::new(),
            workers: vec![WorkerState { heartbeat: true, task: None }; self.workers],
            version: 0,
            changed_at: 0,
            allowed: true,
            paused: false,
            history: [History::default(), History::default()],
            budget: self.budget,
        }]
    }

    fn actions(&self, system: &System, into: &mut Vec<Action>) {
        actions(system, self, into);
    }

    fn next_state(&self, system: &System, action: Action) -> Option<System> {
        if system.history.iter().any(|history| history.broken.is_some()) {
            return None;
        }
        system.clone().step(action, self).map(System::normalised)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(property::ONE_ANSWER, |_, system: &System| {
                !broke(system, Broken::TwoAnswers) && !broke(system, Broken::AnswerChanged)
            }),
            Property::always(property::DOUBT_DENIED, |_, system: &System| {
                !broke(system, Broken::DoubtDenied)
            }),
            Property::always(property::AFTER_OUTCOME, |_, system: &System| {
                !broke(system, Broken::CommandAfterOutcome)
            }),
            Property::always(property::AFTER_EXPIRY, |_, system: &System| {
                !broke(system, Broken::CommandAfterExpiry)
            }),
            Property::always(property::OLD_STATE, |_, system: &System| {
                !broke(system, Broken::StaleCommand)
            }),
            Property::always(property::RESEND_WINDOW, |_, system: &System| {
                !broke(system, Broken::RepeatedTooLate)
            }),
            Property::always(property::IN_DOUBT_AT_MOST, |_, system: &System| {
                !broke(system, Broken::TooManyInDoubt)
            }),
            Property::always(property::CONFLICT, |_, system: &System| {
                !broke(system, Broken::ConflictTouched)
            }),
            Property::always(property::COUNTERS, |_, system| counters_are_valid(system)),
            Property::always(property::NO_DOUBT_FORGOTTEN, |setup: &Setup, system| {
                counts_all_doubts(setup, system)
            }),
            Property::always(property::NOT_LOST, is_kept),
            Property::always(property::ALWAYS_POSSIBLE, |setup: &Setup, system: &System| {
                !setup.liveness || system.recovers(setup)
            }),
            Property::sometimes("a request is answered as opened", |_, system: &System| {
                published(system, AnswerKind::Opened)
            }),
            Property::sometimes("a request is answered as unknown", |_, system: &System| {
                published(system, AnswerKind::OutcomeUnknown)
            }),
            Property::sometimes("two commands are in doubt", |_, system: &System| {
                system.history[0].in_doubt.len() > 1
            }),
        ]
    }
}

fn broke(system: &System, property: Broken) -> bool {
    system.history.iter().any(|history| history.broken == Some(property))
}

fn published(system: &System, kind: AnswerKind) -> bool {
    system.history[0].published.is_some_and(|answer| answer.kind == kind)
}

fn counters_are_valid(system: &System) -> bool {
    system.record.as_ref().is_none_or(|record| record.attempts >= 0 && record.doubts >= 0)
}

/// Until there is an outcome, the record counts at least the commands that are in doubt. A failover that loses
/// the last write loses one of them at most.
fn counts_all_doubts(setup: &Setup, system: &System) -> bool {
    let lost = usize::from(setup.budget.failovers - system.budget.failovers);
    system.history.iter().zip(0u8..).all(|(history, subject)| {
        let counted = match &system.record {
            Some(record) if record.subject == subject => match record.terminal {
                Some(_) => return true,
                None => usize::try_from(record.doubts).unwrap_or(0),
            },
            Some(_) | None => 0,
        };
        history.recorded.is_some() || history.in_doubt.len() <= counted + lost
    })
}

/// A request is answered, or is a dead letter, or a copy of its message is in a queue or at a worker.
fn is_kept(setup: &Setup, system: &System) -> bool {
    let subjects = if setup.conflict { 2u8 } else { 1 };
    (0..subjects).all(|subject| {
        let history = &system.history[usize::from(subject)];
        let tasks = system.workers.iter().filter_map(|worker| worker.task.as_ref());
        let at_worker =
            tasks.filter(|task| task.session).any(|task| task.message.subject == subject);
        let waits = system.queue.iter().any(|copy| copy.subject == subject);
        history.published.is_some() || history.conflict || at_worker || waits
    })
}
