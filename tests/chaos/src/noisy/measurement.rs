//! What was measured with one profile, the violations in it, and how it is printed.

use crate::output::Output;
use crate::report::Percentiles;
use serde::Serialize;
use serde_json::json;

/// The bound of invariant 8: twice the undisturbed value and this.
const BOUND_MS: i64 = 100;

/// The latencies of the healthy integration, from the publication of a request to its terminal event or, where there is
/// none, to the end of the run; and what became of the workers.
#[derive(Debug, Clone, Serialize)]
pub struct Measurement {
    pub profile: String,
    /// Before the trouble.
    pub without_ms: Percentiles,
    /// From the beginning of the trouble on.
    pub with_ms: Percentiles,
    /// All of the healthy integration's requests.
    pub requests: usize,
    /// Those with `lock.opened`.
    pub openings: usize,
    /// None if a health port did not answer.
    pub sessions_lost: Option<u64>,
    pub worker_restarts: usize,
    pub peak_memory_bytes: u64,
    /// Why `postern dlq list` failed after the trouble, if it did.
    pub dlq_list_error: Option<String>,
}

impl Measurement {
    /// The largest p99 that invariant 8 allows with the trouble.
    pub fn bound_ms(&self) -> i64 {
        2 * self.without_ms.p99 + BOUND_MS
    }

    /// What violates the contract.
    pub fn violations(&self) -> Vec<String> {
        let mut violations = Vec::new();
        if self.with_ms.p99 > self.bound_ms() {
            violations.push(format!(
                "p99 with the trouble is {} ms, and at most {} ms is allowed",
                self.with_ms.p99,
                self.bound_ms()
            ));
        }
        if self.openings < self.requests {
            violations
                .push(format!("{} requests have no lock.opened", self.requests - self.openings));
        }
        if self.without_ms.count == 0 || self.with_ms.count == 0 {
            violations.push("a phase has no requests: nothing was measured".to_owned());
        }
        if self.worker_restarts > 0 {
            violations.push(format!("workers ended {} times", self.worker_restarts));
        }
        match self.sessions_lost {
            Some(0) => {}
            Some(lost) => violations.push(format!("{lost} sessions with RabbitMQ were lost")),
            None => violations.push("a health port does not answer".to_owned()),
        }
        if let Some(error) = &self.dlq_list_error {
            violations.push(format!("postern dlq list: {error}"));
        }
        violations
    }

    /// Prints the head of the table.
    pub fn print_head(output: Output) {
        if output == Output::Human {
            output.line(&format!(
                "{:18}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}{:>10}{:>10}{:>9}",
                "", "p50", "p99", "p50", "p99", "", "", "sessions", "worker", "peak RSS"
            ));
            output.line(&format!(
                "{:18}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}{:>10}{:>10}{:>9}",
                "profile",
                "without",
                "without",
                "with",
                "with",
                "requests",
                "openings",
                "lost",
                "restarts",
                "MB"
            ));
        }
    }

    /// Prints its row, and the violations below it.
    pub fn print(&self, output: Output) {
        let violations = self.violations();
        match output {
            Output::Json => {
                let mut object = json!(self);
                object["bound_ms"] = self.bound_ms().into();
                object["violations"] = violations.into();
                output.json("noisy", object);
            }
            Output::Human => {
                output.line(&format!(
                    "{:18}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}{:>10}{:>10}{:>9}",
                    self.profile,
                    self.without_ms.p50,
                    self.without_ms.p99,
                    self.with_ms.p50,
                    self.with_ms.p99,
                    self.requests,
                    self.openings,
                    self.sessions_lost.map_or("?".to_owned(), |lost| lost.to_string()),
                    self.worker_restarts,
                    self.peak_memory_bytes / 1_000_000,
                ));
                for violation in violations {
                    output.line(&format!("  VIOLATION  {violation}"));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    fn quiet() -> Measurement {
        let phase = || Percentiles::of((1..=200).map(TimeDelta::milliseconds));
        Measurement {
            profile: "flood".to_owned(),
            without_ms: phase(),
            with_ms: phase(),
            requests: 400,
            openings: 400,
            sessions_lost: Some(0),
            worker_restarts: 0,
            peak_memory_bytes: 30_000_000,
            dlq_list_error: None,
        }
    }

    #[test]
    fn an_undisturbed_neighbour_violates_nothing() {
        assert_eq!(quiet().violations(), [""; 0]);
        let twice = (1..=200).map(|one| TimeDelta::milliseconds(2 * one + 100));
        let at_the_bound = Measurement { with_ms: Percentiles::of(twice), ..quiet() };
        assert_eq!(at_the_bound.with_ms.p99, at_the_bound.bound_ms());
        assert_eq!(at_the_bound.violations(), [""; 0]);
    }

    /// Three of two hundred requests are slow: the median tells nothing of them.
    #[test]
    fn a_few_requests_that_wait_are_a_violation() {
        let slow = (1..=200).map(|one| if one > 197 { 4_000 } else { one });
        let with_ms = Percentiles::of(slow.map(TimeDelta::milliseconds));
        let disturbed = Measurement { with_ms, ..quiet() };
        assert_eq!(disturbed.violations().len(), 1, "{disturbed:?}");
        assert!(disturbed.violations()[0].contains("4000 ms"), "{disturbed:?}");
    }

    #[test]
    fn everything_else_that_the_invariant_forbids_is_a_violation() {
        let none = Percentiles::default();
        for disturbed in [
            Measurement { openings: 399, ..quiet() },
            Measurement { worker_restarts: 1, ..quiet() },
            Measurement { sessions_lost: Some(1), ..quiet() },
            Measurement { sessions_lost: None, ..quiet() },
            Measurement { dlq_list_error: Some("exit status: 1".to_owned()), ..quiet() },
            Measurement { with_ms: none, ..quiet() },
            Measurement { without_ms: none, ..quiet() },
        ] {
            assert!(!disturbed.violations().is_empty(), "{disturbed:?}");
        }
    }
}
