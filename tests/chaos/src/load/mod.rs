//! The messages of a run, all of them known before the run begins.
//!
//! A seed, [`Fixtures`] and a [`LoadShape`] determine a [`LoadPlan`]: small test cases (a booking and its guests, a
//! cancellation that arrives first or during the opening, tied states, a request that overtakes its booking, …) spread
//! over the duration, each with doors of its own. [`publish`] publishes the messages and records when each was sent and confirmed.

mod case_inputs;
mod cases;
mod doors;
mod invalid;
pub mod publish;
mod writer;

use crate::fixtures::{Fixtures, OPENING_INTEGRATIONS};
use crate::history::{Booking, InvalidMessage, Request};
use chrono::{DateTime, Utc};
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::time::Duration;

/// The amount, kind and duration of the load.
#[derive(Debug, Clone, Copy)]
pub struct LoadShape {
    pub duration: Duration,
    /// Requests a second.
    pub rate: f64,
    pub kind: LoadKind,
}

/// The kind of the load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoadKind {
    /// All test cases, valid and invalid.
    Mixed,
    /// Guests of these integrations in turn, with a booking and one request, which expires after this time.
    Steady { seconds_to_live: i64, integrations: &'static [&'static str] },
}

impl LoadShape {
    /// The number of doors that an integration needs, so that a door is free for almost every request.
    pub fn doors(&self) -> usize {
        let (reserved_for, integrations) = match self.kind {
            LoadKind::Mixed => (30.0, OPENING_INTEGRATIONS),
            LoadKind::Steady { seconds_to_live, integrations } => {
                (seconds_to_live as f64 + 6.0, integrations)
            }
        };
        // The integrations share the load, some by random choice.
        (self.rate * reserved_for / integrations.len() as f64 * 1.3) as usize + 20
    }
}

/// All messages, in the order of their times.
#[derive(Debug, Clone)]
pub struct LoadPlan {
    pub messages: Vec<Outgoing>,
}

/// A message, and the time after the start at which it is published.
#[derive(Debug, Clone)]
pub struct Outgoing {
    pub at: Duration,
    pub routing_key: &'static str,
    pub body: Vec<u8>,
    pub content: Content,
}

/// The content of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    Booking(Booking),
    /// The same request may be listed several times.
    Request(Request),
    Invalid(InvalidMessage),
    /// A message whose effects are not in the history.
    NotRecorded,
}

impl LoadPlan {
    /// Plans the messages; the same arguments give the same messages.
    pub fn new(seed: u64, fixtures: &Fixtures, shape: LoadShape, start: DateTime<Utc>) -> Self {
        let rng = StdRng::seed_from_u64(seed);
        let mut writer = writer::Writer::new(rng, fixtures, start);
        let end = i64::try_from(shape.duration.as_millis()).expect("a run of hours at most");
        match shape.kind {
            LoadKind::Mixed => cases::mixed(&mut writer, end, shape.rate),
            LoadKind::Steady { seconds_to_live, integrations } => {
                cases::steady(&mut writer, end, shape.rate, seconds_to_live, integrations);
            }
        }
        Self { messages: writer.finish(shape.duration) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    fn plan(seed: u64) -> LoadPlan {
        let shape =
            LoadShape { duration: Duration::from_secs(60), rate: 40.0, kind: LoadKind::Mixed };
        let fixtures = Fixtures::new(&mut StdRng::seed_from_u64(seed), shape.doors());
        LoadPlan::new(seed, &fixtures, shape, DateTime::UNIX_EPOCH)
    }

    fn requests(plan: &LoadPlan) -> Vec<(Duration, Request)> {
        let messages = plan.messages.iter();
        let request = |message: &Outgoing| match &message.content {
            Content::Request(request) => Some((message.at, request.clone())),
            Content::Booking(_) | Content::Invalid(_) | Content::NotRecorded => None,
        };
        messages.filter_map(request).collect()
    }

    #[test]
    fn a_seed_gives_one_plan_and_another_seed_another_plan() {
        let bodies = |seed| plan(seed).messages.into_iter().map(|one| one.body).collect::<Vec<_>>();
        assert_eq!(bodies(1), bodies(1));
        assert_ne!(bodies(1), bodies(2));
    }

    #[test]
    fn the_rate_is_kept_and_every_case_occurs() {
        let requests = requests(&plan(3));
        let per_second = requests.len() as f64 / 60.0;
        assert!((32.0..48.0).contains(&per_second), "{per_second}");
        let cases: BTreeSet<_> = requests.iter().map(|(_, one)| one.case.clone()).collect();
        assert!(cases.len() >= 20, "{cases:?}");
    }

    /// The attribution of commands by lock relies on this.
    #[test]
    fn a_lock_is_reserved_for_one_request_at_a_time() {
        let mut periods = BTreeMap::<_, BTreeMap<_, (Duration, i64)>>::new();
        for (at, request) in requests(&plan(4)) {
            let Some(lock) = request.lock.clone() else { continue };
            let end = request.expires_at.timestamp_millis();
            let period = periods.entry(lock).or_default().entry(request.key()).or_insert((at, end));
            period.0 = period.0.min(at);
        }
        for (lock, periods) in periods {
            let mut periods: Vec<_> = periods.into_values().collect();
            periods.sort_unstable();
            for pair in periods.windows(2) {
                let next = i64::try_from(pair[1].0.as_millis()).unwrap();
                assert!(pair[0].1 + 1000 < next, "{lock}: {pair:?}");
            }
        }
    }
}
