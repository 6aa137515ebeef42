//! The results of the requests before, during and after an outage.

use super::Percentiles;
use crate::history::History;
use crate::judge::HistoryIndex;
use crate::output::Output;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;

/// The only fault of a run, and the requests before, during and after it.
#[derive(Debug, Clone, Serialize)]
pub struct Outage {
    pub fault: String,
    /// From the start of the fault until the server works again.
    pub seconds: f64,
    pub phases: Vec<Phase>,
    pub openings_during: usize,
    /// From the end of the fault to the first opening; none if there was none.
    pub seconds_to_first_opening: Option<f64>,
}

/// The requests of one of the three phases of the run.
#[derive(Debug, Clone, Serialize)]
pub struct Phase {
    pub name: &'static str,
    pub requests: usize,
    pub outcomes: BTreeMap<String, usize>,
    /// From the request to the opening.
    pub to_open_ms: Percentiles,
    /// From the request to its answer.
    pub to_answer_ms: Percentiles,
}

impl Outage {
    /// Summarises a history with one fault; none if there was no fault.
    pub fn new(history: &History) -> Option<Self> {
        let fault = history.faults.first()?;
        let index = HistoryIndex::new(history);
        let end = DateTime::<Utc>::MAX_UTC;
        let parts = [
            ("before", history.began, fault.from),
            ("during", fault.from, fault.until),
            ("after", fault.until, end),
        ];
        let phases = parts.map(|(name, from, until)| Phase::new(&index, name, from, until));
        let openings = history.openings.iter().map(|opening| opening.opened_at);
        let during = openings.clone().filter(|at| fault.from <= *at && *at < fault.until).count();
        let first = openings.filter(|at| *at >= fault.until).min();
        Some(Self {
            fault: fault.kind.clone(),
            seconds: seconds(fault.until - fault.from),
            phases: phases.to_vec(),
            openings_during: during,
            seconds_to_first_opening: first.map(|first| seconds(first - fault.until)),
        })
    }

    /// Prints it.
    pub fn print(&self, output: Output) {
        match output {
            Output::Json => output.json("outage", json!(self)),
            Output::Human => {
                output.line("");
                output.line(&format!(
                    "{} for {:.1} s; {} openings during the outage; first opening after its end: {}",
                    self.fault,
                    self.seconds,
                    self.openings_during,
                    self.seconds_to_first_opening
                        .map_or("never".to_owned(), |seconds| format!("{seconds:.1} s")),
                ));
                self.phases.iter().for_each(|phase| phase.print(output));
            }
        }
    }
}

impl Phase {
    fn new(
        index: &HistoryIndex<'_>,
        name: &'static str,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Self {
        let (mut outcomes, mut to_open, mut to_answer) = (BTreeMap::new(), Vec::new(), Vec::new());
        let mut requests = 0;
        for (key, record) in &index.requests {
            let requested_at = record.request.time;
            if !(from..until).contains(&requested_at) {
                continue;
            }
            requests += 1;
            let end = index.terminal(key);
            let outcome = end.map_or("not answered", |event| event.outcome());
            *outcomes.entry(outcome.to_owned()).or_default() += 1;
            to_answer.extend(end.and_then(|event| event.time()).map(|time| time - requested_at));
            let mut openings = index.commands_of(key).iter();
            let opening = openings.find_map(|command| index.opening_of(command));
            to_open.extend(opening.map(|opening| opening.opened_at - requested_at));
        }
        let (to_open_ms, to_answer_ms) = (Percentiles::of(to_open), Percentiles::of(to_answer));
        Self { name, requests, outcomes, to_open_ms, to_answer_ms }
    }

    fn print(&self, output: Output) {
        output.line(&format!("{} the outage: {} requests", self.name, self.requests));
        for (outcome, count) in &self.outcomes {
            output.line(&format!("  {count:6}  {outcome}"));
        }
        for (what, of) in [("open", self.to_open_ms), ("an answer", self.to_answer_ms)] {
            let Percentiles { count, p50, p95, p99, most } = of;
            if count > 0 {
                output.line(&format!(
                    "  to {what}: p50 {p50} ms, p95 {p95} ms, p99 {p99} ms, most {most} ms ({count})"
                ));
            }
        }
    }
}

fn seconds(duration: chrono::TimeDelta) -> f64 {
    duration.num_milliseconds() as f64 / 1000.0
}
