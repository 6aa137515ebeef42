//! The results of a run in numbers.

mod outage;
mod percentiles;

pub use outage::{Outage, Phase};
pub use percentiles::Percentiles;

use crate::history::History;
use crate::judge::Violation;
use crate::output::Output;
use serde::Serialize;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// The report at the end of every run.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    pub seed: u64,
    pub seconds: i64,
    /// Distinct, well-formed requests.
    pub requests: usize,
    pub outcomes: BTreeMap<String, usize>,
    pub bookings: usize,
    pub invalid_messages: usize,
    /// Messages that had to be published more than once.
    pub published_again: usize,
    pub commands: BTreeMap<String, usize>,
    pub openings: usize,
    pub dead_letters: BTreeMap<String, usize>,
    pub tokens: u64,
    pub faults: BTreeMap<String, usize>,
    pub longest_without_opening_ms: i64,
    pub violations: usize,
}

impl Report {
    /// Summarises a history.
    pub fn new(history: &History, violations: &[Violation]) -> Self {
        let mut outcomes = BTreeMap::new();
        let keys: BTreeSet<_> = history.requests.iter().map(|one| one.what.key()).collect();
        let mut answered = BTreeSet::new();
        for event in history.events.iter().filter(|event| event.is_terminal()) {
            if answered.insert(event.request()) {
                let kind = event.type_name().trim_start_matches("lock.").trim_end_matches(".v1");
                let name = match event.text("reason") {
                    "" => kind.to_owned(),
                    reason => format!("{kind} {reason}"),
                };
                *outcomes.entry(name).or_default() += 1;
            }
        }
        let unanswered = keys.difference(&answered).count();
        if unanswered > 0 {
            outcomes.insert("not answered".to_owned(), unanswered);
        }
        let sent = history.bookings.iter().map(|one| one.sent);
        let sent = sent.chain(history.requests.iter().map(|one| one.sent));
        let sent = sent.chain(history.invalid_messages.iter().map(|one| one.sent));
        Self {
            seed: history.seed,
            seconds: (history.ended - history.began).num_seconds(),
            requests: keys.len(),
            outcomes,
            bookings: history.bookings.len(),
            invalid_messages: history.invalid_messages.len(),
            published_again: sent.filter(|sent| sent.copies > 1).count(),
            commands: count(history.commands.iter().map(|command| match &command.fault {
                Some(fault) => format!("{} ({fault})", command.verdict),
                None => command.verdict.clone(),
            })),
            openings: history.openings.len(),
            dead_letters: count(history.dead_letters.iter().map(|letter| letter.reason.clone())),
            tokens: history.tokens.iter().map(|count| count.granted).sum(),
            faults: count(history.faults.iter().map(|fault| fault.kind.clone())),
            longest_without_opening_ms: longest_without_opening(history),
            violations: violations.len(),
        }
    }

    /// Prints it, the violations last.
    pub fn print(&self, output: Output, violations: &[Violation]) {
        match output {
            Output::Human => self.print_for_people(violations),
            Output::Json => {
                for violation in violations {
                    output.json("violation", json!(violation));
                }
                output.json("report", json!(self));
            }
        }
    }

    fn print_for_people(&self, violations: &[Violation]) {
        let output = Output::Human;
        let list = |title: &str, counts: &BTreeMap<String, usize>| {
            let sum: usize = counts.values().sum();
            output.line(&format!("{title}: {sum}"));
            for (name, count) in counts {
                output.line(&format!("  {count:6}  {name}"));
            }
        };
        output.line("");
        output.line(&format!(
            "seed {}, {} s: {} requests, {} booking statuses, {} invalid messages; {} messages were published more than once",
            self.seed, self.seconds, self.requests, self.bookings, self.invalid_messages, self.published_again
        ));
        list("requests by outcome", &self.outcomes);
        list("faults", &self.faults);
        list("commands at Salto by verdict", &self.commands);
        list("dead letters", &self.dead_letters);
        output.line(&format!(
            "openings: {}; longest time without an opening: {:.1} s; tokens granted: {}",
            self.openings,
            self.longest_without_opening_ms as f64 / 1000.0,
            self.tokens
        ));
        for violation in violations {
            let request = violation.request.as_deref().unwrap_or("-");
            let at = violation.at.map(|at| at.to_rfc3339()).unwrap_or_default();
            output.line(&format!(
                "VIOLATION  {}: {} [request {request}] {at}",
                violation.check, violation.what
            ));
        }
        output.line(&format!("violations: {} (seed {})", self.violations, self.seed));
    }
}

fn count(names: impl Iterator<Item = String>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    names.for_each(|name| *counts.entry(name).or_default() += 1);
    counts
}

fn longest_without_opening(history: &History) -> i64 {
    let times = history.openings.iter().map(|opening| opening.opened_at);
    let mut times: Vec<_> = times.chain([history.began, history.ended]).collect();
    times.sort_unstable();
    let gaps = times.windows(2).map(|pair| (pair[1] - pair[0]).num_milliseconds());
    gaps.max().unwrap_or_default()
}
