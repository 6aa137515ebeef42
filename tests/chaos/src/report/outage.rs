//! What an outage did to every request that was made before, during and after it.

use super::Percentiles;
use crate::checker::Facts;
use crate::history::History;
use crate::voice::Voice;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;

/// The only fault of a run, and the guests around it.
#[derive(Debug, Clone, Serialize)]
pub struct Outage {
    pub what: String,
    /// From the blow until the thing served again.
    pub seconds: f64,
    pub phases: Vec<Phase>,
    pub openings_during: usize,
    /// From when it served again to the first opening; none where there was none.
    pub seconds_to_first_opening: Option<f64>,
}

/// Guests who asked in one of the three parts of the run.
#[derive(Debug, Clone, Serialize)]
pub struct Phase {
    pub name: &'static str,
    pub requests: usize,
    pub outcomes: BTreeMap<String, usize>,
    /// From asking to the door's opening.
    pub to_open_ms: Percentiles,
    /// From asking to any answer.
    pub to_answer_ms: Percentiles,
}

impl Outage {
    /// About a run with one fault; none where there was none.
    pub fn new(history: &History) -> Option<Self> {
        let fault = history.faults.first()?;
        let facts = Facts::new(history);
        let end = DateTime::<Utc>::MAX_UTC;
        let parts = [
            ("before", history.began, fault.from),
            ("during", fault.from, fault.until),
            ("after", fault.until, end),
        ];
        let phases = parts.map(|(name, from, until)| Phase::new(&facts, name, from, until));
        let openings = history.openings.iter().map(|opening| opening.opened_at);
        let during = openings.clone().filter(|at| fault.from <= *at && *at < fault.until).count();
        let first = openings.filter(|at| *at >= fault.until).min();
        Some(Self {
            what: fault.kind.clone(),
            seconds: seconds(fault.until - fault.from),
            phases: phases.to_vec(),
            openings_during: during,
            seconds_to_first_opening: first.map(|first| seconds(first - fault.until)),
        })
    }

    /// Says it.
    pub fn tell(&self, voice: Voice) {
        match voice {
            Voice::Json => voice.json("outage", json!(self)),
            Voice::Human => {
                voice.line("");
                voice.line(&format!(
                    "{} for {:.1} s; {} doors opened meanwhile; the first one after it came back: {}",
                    self.what,
                    self.seconds,
                    self.openings_during,
                    self.seconds_to_first_opening
                        .map_or("never".to_owned(), |seconds| format!("{seconds:.1} s")),
                ));
                self.phases.iter().for_each(|phase| phase.tell(voice));
            }
        }
    }
}

impl Phase {
    fn new(
        facts: &Facts<'_>,
        name: &'static str,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Self {
        let (mut outcomes, mut to_open, mut to_answer) = (BTreeMap::new(), Vec::new(), Vec::new());
        let mut requests = 0;
        for (key, asked) in &facts.requests {
            let pressed = asked.request.time;
            if !(from..until).contains(&pressed) {
                continue;
            }
            requests += 1;
            let end = facts.terminal(key);
            let outcome = end.map_or("not answered", |event| event.outcome());
            *outcomes.entry(outcome.to_owned()).or_default() += 1;
            to_answer.extend(end.and_then(|event| event.time()).map(|time| time - pressed));
            let mut openings = facts.commands_of(key).iter();
            let opening = openings.find_map(|command| facts.opening_of(command));
            to_open.extend(opening.map(|opening| opening.opened_at - pressed));
        }
        let (to_open_ms, to_answer_ms) = (Percentiles::of(to_open), Percentiles::of(to_answer));
        Self { name, requests, outcomes, to_open_ms, to_answer_ms }
    }

    fn tell(&self, voice: Voice) {
        voice.line(&format!("asked {}: {} requests", self.name, self.requests));
        for (outcome, count) in &self.outcomes {
            voice.line(&format!("  {count:6}  {outcome}"));
        }
        for (what, of) in [("open", self.to_open_ms), ("an answer", self.to_answer_ms)] {
            let Percentiles { count, p50, p95, p99, most } = of;
            if count > 0 {
                voice.line(&format!(
                    "  to {what}: p50 {p50} ms, p95 {p95} ms, p99 {p99} ms, most {most} ms ({count})"
                ));
            }
        }
    }
}

fn seconds(duration: chrono::TimeDelta) -> f64 {
    duration.num_milliseconds() as f64 / 1000.0
}
