//! What is checked: bounded runs in the tests, deep ones by `make model`.

use crate::{
    rule_set::RuleSet,
    system::{Budget, Setup, property},
};

/// A run of the present rules.
#[derive(Debug, Clone)]
pub struct PresentRun {
    pub name: &'static str,
    pub setup: Setup,
    /// Properties that cannot hold there.
    pub excepted: &'static [&'static str],
}

/// A run of earlier rules, and the property that they break.
#[derive(Debug, Clone)]
pub struct EarlierRun {
    pub setup: Setup,
    pub property: &'static str,
}

/// What no longer holds after a failover of Redis that loses the last write: it may have been an outcome, or
/// the reservation of a command that has left. All else holds: no command leaves after the expiry or against an
/// old state, a conflict touches nothing, counters are valid, one command in doubt at most is forgotten, no
/// request is lost, and an answer is always possible.
pub const LOST_WITH_A_WRITE: [&str; 5] = [
    property::ONE_ANSWER,
    property::DOUBT_DENIED,
    property::AFTER_OUTCOME,
    property::RESEND_WINDOW,
    property::IN_DOUBT_AT_MOST,
];

const NOTHING: Budget = Budget {
    faults: 0,
    parks: 0,
    retries: 0,
    replays: 0,
    changes: 0,
    pauses: 0,
    clock_steps: 0,
    failovers: 0,
};

fn setup(rules: RuleSet, workers: usize, budget: Budget) -> Setup {
    Setup { rules, workers, horizon: 4, conflict: false, budget, liveness: false }
}

fn present(name: &'static str, workers: usize, budget: Budget) -> PresentRun {
    PresentRun { name, setup: setup(RuleSet::Present, workers, budget), excepted: &[] }
}

/// Runs of the present rules that take seconds.
#[must_use]
pub fn bounded() -> Vec<PresentRun> {
    let mut conflict = present("two requests of one id", 2, Budget { faults: 1, ..NOTHING });
    conflict.setup.conflict = true;
    conflict.setup.horizon = 3;
    let budget = Budget { faults: 1, parks: 1, ..NOTHING };
    let mut answers = present("an answer is always possible", 2, budget);
    answers.setup.liveness = true;
    let budget = Budget { failovers: 1, ..NOTHING };
    let mut failover = present("a failover loses the last write", 2, budget);
    failover.setup.liveness = true;
    failover.excepted = &LOST_WITH_A_WRITE;
    let one_of = Budget { parks: 1, retries: 1, replays: 1, ..NOTHING };
    vec![
        present("a fault and a change", 2, Budget { faults: 1, retries: 1, changes: 1, ..NOTHING }),
        present("a fault and a pause", 2, Budget { faults: 1, pauses: 2, ..NOTHING }),
        present(
            "a fault and a step of Redis' clock",
            2,
            Budget { faults: 1, clock_steps: 1, ..NOTHING },
        ),
        present("parked and replayed", 2, one_of),
        present("three workers", 3, Budget { parks: 1, changes: 1, ..NOTHING }),
        conflict,
        answers,
        failover,
    ]
}

/// Runs of the present rules that take minutes.
#[must_use]
pub fn deep() -> Vec<PresentRun> {
    let all_once = Budget { faults: 1, parks: 1, retries: 1, replays: 1, changes: 1, ..NOTHING };
    let copies = Budget { faults: 1, parks: 1, replays: 1, ..NOTHING };
    let mut conflict = present("two requests of one id", 2, copies);
    conflict.setup.conflict = true;
    let budget = Budget { faults: 1, parks: 1, retries: 1, ..NOTHING };
    let mut answers = present("an answer is always possible", 2, budget);
    answers.setup.liveness = true;
    let budget = Budget { faults: 1, clock_steps: 1, ..NOTHING };
    let mut steps = present("an answer is always possible, with a clock step", 2, budget);
    steps.setup.liveness = true;
    let budget = Budget { faults: 1, failovers: 1, ..NOTHING };
    let mut failover = present("a failover loses the last write", 2, budget);
    failover.setup.liveness = true;
    failover.excepted = &LOST_WITH_A_WRITE;
    let pauses_and_steps = Budget { faults: 1, pauses: 2, clock_steps: 2, ..NOTHING };
    let parks_and_changes = Budget { faults: 1, parks: 1, changes: 1, ..NOTHING };
    vec![
        present("a fault, a change, parked and replayed", 2, all_once),
        present("two faults and pauses", 2, Budget { faults: 2, pauses: 2, ..NOTHING }),
        present("pauses and two steps of Redis' clock", 2, pauses_and_steps),
        present("three workers, two faults", 3, Budget { faults: 2, ..NOTHING }),
        present("three workers, parked, with a change", 3, parks_and_changes),
        conflict,
        answers,
        steps,
        failover,
    ]
}

/// For each earlier rule, the bounds within which it breaks a property.
#[must_use]
pub fn earlier(rules: RuleSet) -> EarlierRun {
    let (property, budget) = match rules {
        RuleSet::Present => (property::ONE_ANSWER, NOTHING),
        RuleSet::ResultCountedAgain => {
            (property::NO_DOUBT_FORGOTTEN, Budget { faults: 2, retries: 1, pauses: 1, ..NOTHING })
        }
        RuleSet::AnswerForgotten => (property::ONE_ANSWER, Budget { replays: 1, ..NOTHING }),
        RuleSet::StateOfAnyAge => (property::OLD_STATE, Budget { changes: 1, ..NOTHING }),
        RuleSet::OutcomeOfAnyOwner => {
            (property::DOUBT_DENIED, Budget { faults: 1, pauses: 2, ..NOTHING })
        }
        RuleSet::RepeatedClaimReserves => {
            (property::NO_DOUBT_FORGOTTEN, Budget { faults: 1, pauses: 1, ..NOTHING })
        }
        RuleSet::OutcomeAfterRelease => {
            (property::DOUBT_DENIED, Budget { faults: 1, parks: 1, pauses: 2, ..NOTHING })
        }
        RuleSet::LostClaimUndone => {
            (property::NO_DOUBT_FORGOTTEN, Budget { failovers: 1, ..NOTHING })
        }
        RuleSet::OutcomeWithoutDoubts => {
            (property::DOUBT_DENIED, Budget { faults: 2, pauses: 2, ..NOTHING })
        }
    };
    EarlierRun { setup: setup(rules, 2, budget), property }
}
