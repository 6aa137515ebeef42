//! Runs of the checker.

use std::{
    collections::BTreeSet,
    num::NonZero,
    time::{Duration, Instant},
};

use stateright::{Checker, CheckerBuilder, Expectation, HasDiscoveries, Model};

use crate::{
    runs::EarlierRun,
    system::{Action, Setup},
};

/// A property that does not hold, and a history that shows it.
#[derive(Debug)]
pub struct Counterexample {
    pub property: &'static str,
    pub history: Vec<Action>,
}

/// What a run found.
#[derive(Debug)]
pub struct Found {
    pub unique_states: usize,
    pub depth: usize,
    pub took: Duration,
    pub counterexamples: Vec<Counterexample>,
    /// What should be possible, and was not found.
    pub never: Vec<&'static str>,
}

/// Looks at all histories within the bounds of the setup, over all processors.
#[must_use]
pub fn check(setup: Setup) -> Found {
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    run(setup.checker().threads(threads), HasDiscoveries::All)
}

/// Looks for the shortest history that breaks the run's property.
#[must_use]
pub fn shortest_counterexample(run_of: &EarlierRun) -> Found {
    let mut shorter = search(run_of, None);
    let mut shortest = None;
    // The checker answers one of the shortest, and not always the shortest.
    while let Some(length) = shorter.length_of(run_of.property) {
        shortest = Some(shorter);
        shorter = search(run_of, Some(length));
    }
    shortest.unwrap_or(shorter)
}

/// Looks for a history that breaks the run's property, in less than so many steps.
fn search(run_of: &EarlierRun, below: Option<usize>) -> Found {
    let property = HasDiscoveries::AllOf(BTreeSet::from([run_of.property]));
    let checker = run_of.setup.clone().checker();
    match below {
        // The checker counts states, and leaves out the last one.
        Some(below) => run(checker.target_max_depth(below + 1), property),
        None => run(checker, property),
    }
}

impl Found {
    fn length_of(&self, property: &str) -> Option<usize> {
        let of = self.counterexamples.iter().find(|it| it.property == property);
        of.map(|counterexample| counterexample.history.len())
    }
}

fn run(checker: CheckerBuilder<Setup>, until: HasDiscoveries) -> Found {
    let started = Instant::now();
    let checker = checker.finish_when(until).spawn_bfs().join();
    let mut discoveries = checker.discoveries();
    let mut found = Found {
        unique_states: checker.unique_state_count(),
        depth: checker.max_depth(),
        took: started.elapsed(),
        counterexamples: Vec::new(),
        never: Vec::new(),
    };
    for property in checker.model().properties() {
        match (property.expectation, discoveries.remove(property.name)) {
            (Expectation::Sometimes, None) => found.never.push(property.name),
            (Expectation::Always | Expectation::Eventually, Some(path)) => {
                let (property, history) = (property.name, path.into_actions());
                found.counterexamples.push(Counterexample { property, history });
            }
            (Expectation::Sometimes, Some(_))
            | (Expectation::Always | Expectation::Eventually, None) => {}
        }
    }
    found
}
