//! What the booking system will publish in a run, all of it known before the run begins.
//!
//! A seed, a [`Town`] and a [`Shape`] make a [`Plan`]: small stories (a booking and its guests, a cancellation that comes
//! first, a request that overtakes its booking …) strewn over the time, each with doors of its own. [`publish`] carries it
//! out and keeps what became of each message.

mod doors;
mod garbage;
pub mod publish;
mod stories;
mod writer;

use crate::history::{Booking, Garbage, Request};
use crate::town::Town;
use chrono::{DateTime, Utc};
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::time::Duration;

/// How much, of what kind, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    pub duration: Duration,
    /// Requests a second.
    pub rate: f64,
    pub kind: Kind,
}

/// What sort of guests come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Everything that may happen and much that may not.
    Wild,
    /// Guests with a booking who ask once, and wait so long.
    Steady { seconds_to_live: i64 },
}

impl Shape {
    /// How many doors an integration needs, so that a request hardly ever lacks one.
    pub fn doors(&self) -> usize {
        let held_for = match self.kind {
            Kind::Wild => 30.0,
            Kind::Steady { seconds_to_live } => seconds_to_live as f64 + 6.0,
        };
        // Three integrations share the load, and the dice are not even.
        (self.rate * held_for / 3.0 * 1.3) as usize + 20
    }
}

/// All messages, in the order of their times.
#[derive(Debug, Clone)]
pub struct Plan {
    pub messages: Vec<Outgoing>,
}

/// One message, to be published so long after the beginning.
#[derive(Debug, Clone)]
pub struct Outgoing {
    pub at: Duration,
    pub routing_key: &'static str,
    pub body: Vec<u8>,
    pub content: Content,
}

/// What it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    Booking(Booking),
    /// The same request may be there several times.
    Request(Request),
    Garbage(Garbage),
}

impl Plan {
    /// The same for the same arguments.
    pub fn new(seed: u64, town: &Town, shape: Shape, start: DateTime<Utc>) -> Self {
        let rng = StdRng::seed_from_u64(seed);
        let mut writer = writer::Writer::new(rng, town, start);
        let end = i64::try_from(shape.duration.as_millis()).expect("a run of hours at most");
        match shape.kind {
            Kind::Wild => stories::wild(&mut writer, end, shape.rate),
            Kind::Steady { seconds_to_live } => {
                stories::steady(&mut writer, end, shape.rate, seconds_to_live);
            }
        }
        Self { messages: writer.finish(shape.duration) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    fn plan(seed: u64) -> Plan {
        let shape = Shape { duration: Duration::from_secs(60), rate: 40.0, kind: Kind::Wild };
        let town = Town::new(&mut StdRng::seed_from_u64(seed), shape.doors());
        Plan::new(seed, &town, shape, DateTime::UNIX_EPOCH)
    }

    fn requests(plan: &Plan) -> Vec<(Duration, Request)> {
        let messages = plan.messages.iter();
        let request = |message: &Outgoing| match &message.content {
            Content::Request(request) => Some((message.at, request.clone())),
            Content::Booking(_) | Content::Garbage(_) => None,
        };
        messages.filter_map(request).collect()
    }

    #[test]
    fn a_seed_makes_one_plan_and_another_seed_another() {
        let bodies = |seed| plan(seed).messages.into_iter().map(|one| one.body).collect::<Vec<_>>();
        assert_eq!(bodies(1), bodies(1));
        assert_ne!(bodies(1), bodies(2));
    }

    #[test]
    fn the_rate_is_kept_and_every_story_is_told() {
        let requests = requests(&plan(3));
        let per_second = requests.len() as f64 / 60.0;
        assert!((32.0..48.0).contains(&per_second), "{per_second}");
        let stories: BTreeSet<_> = requests.iter().map(|(_, one)| one.story.clone()).collect();
        assert!(stories.len() >= 20, "{stories:?}");
    }

    /// What attribution by lock rests on.
    #[test]
    fn no_two_requests_hold_a_lock_at_one_time() {
        let mut turns = BTreeMap::<_, BTreeMap<_, (Duration, i64)>>::new();
        for (at, request) in requests(&plan(4)) {
            let Some(lock) = request.lock.clone() else { continue };
            let end = request.expires_at.timestamp_millis();
            let turn = turns.entry(lock).or_default().entry(request.key()).or_insert((at, end));
            turn.0 = turn.0.min(at);
        }
        for (lock, turns) in turns {
            let mut turns: Vec<_> = turns.into_values().collect();
            turns.sort_unstable();
            for pair in turns.windows(2) {
                let next = i64::try_from(pair[1].0.as_millis()).unwrap();
                assert!(pair[0].1 + 1000 < next, "{lock}: {pair:?}");
            }
        }
    }
}
