//! When what goes wrong. Every kind has its turn before any has a second one.

use super::{Answer, Line, Planned, Strike};
use crate::history::Target;
use crate::proxy::Mode;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// The kinds there are, by what `--faults` calls them.
pub const KINDS: [&str; 23] = [
    "worker-kill",
    "worker-freeze",
    "worker-stop",
    "broker-kill",
    "broker-freeze",
    "broker-stop",
    "redis-kill",
    "redis-freeze",
    "broker-link",
    "redis-link",
    "salto-link",
    "salto-status",
    "salto-delay",
    "salto-reset",
    "salto-dropped",
    "salto-silence",
    "salto-half",
    "salto-rate-limit",
    "salto-identity",
    "salto-lists",
    "salto-revoke",
    "salto-offline",
    "salto-skew",
];

/// What the schedule is made for.
#[derive(Debug, Clone)]
pub struct Ground {
    pub duration: Duration,
    pub workers: usize,
    /// Of [`KINDS`].
    pub kinds: Vec<&'static str>,
    pub iqs: Vec<String>,
}

/// The same for the same arguments. All is undone a second before the end, but for the time that servers take to start.
pub fn schedule(seed: u64, ground: &Ground) -> Vec<Planned> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut planned = Vec::new();
    let mut busy = BTreeMap::new();
    let mut bag: Vec<&str> = Vec::new();
    let mut at = 2000;
    let end = millis(ground.duration).saturating_sub(1000);
    while at + 1000 < end && !ground.kinds.is_empty() {
        if bag.is_empty() {
            bag.clone_from(&ground.kinds);
            bag.shuffle(&mut rng);
        }
        // Who is struck already is left alone; that kind's turn comes later.
        let strikes: Vec<_> = bag.iter().map(|kind| strike(&mut rng, kind, ground)).collect();
        let free = |strike: &Strike| busy.get(&group(strike)).is_none_or(|until| *until <= at);
        if let Some(index) = strikes.iter().position(|(strike, _)| free(strike)) {
            bag.remove(index);
            let (strike, lasts) = strikes[index].clone();
            let lasts = lasts.min(end - at);
            busy.insert(group(&strike), at + lasts + recovery(&strike));
            let (at, lasts) = (Duration::from_millis(at), Duration::from_millis(lasts));
            planned.push(Planned { at, lasts, strike });
        }
        at += rng.random_range(200..2400);
    }
    planned
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Of one group, one at a time.
fn group(strike: &Strike) -> (u8, usize) {
    match strike.target() {
        Target::Worker(worker) => (0, worker),
        Target::Broker => (1, 0),
        Target::Redis | Target::Memory => (2, 0),
        Target::BrokerLink(_) => (3, 0),
        Target::RedisLink(_) => (4, 0),
        Target::SaltoLink => (5, 0),
        Target::Salto => match strike {
            // A clock that is set makes tokens void, too.
            Strike::Skew(_) | Strike::Revoke => (6, 1),
            Strike::Offline(_) => (6, 2),
            // One at a time, so that it is known which one struck.
            _ => (6, 0),
        },
    }
}

/// How long afterwards its group is left alone, in milliseconds: a run in which nothing ever works shows nothing.
fn recovery(strike: &Strike) -> u64 {
    match strike.target() {
        Target::Broker => 30_000,
        Target::Redis | Target::Memory => 6000,
        Target::Worker(_) | Target::BrokerLink(_) | Target::RedisLink(_) => 4000,
        Target::SaltoLink => 3000,
        Target::Salto => match strike {
            // A token that replaced a revoked one is not itself replaced for a minute.
            Strike::Revoke | Strike::Skew(_) => 65_000,
            _ => 1500,
        },
    }
}

fn strike(rng: &mut StdRng, kind: &str, ground: &Ground) -> (Strike, u64) {
    let worker = rng.random_range(0..ground.workers);
    let mut lasts = |range: std::ops::Range<u64>| rng.random_range(range);
    match kind {
        "worker-kill" => (Strike::WorkerKill(worker), lasts(100..4000)),
        "worker-freeze" => (Strike::WorkerFreeze(worker), lasts(500..9000)),
        "worker-stop" => (Strike::WorkerStop(worker), lasts(100..3000)),
        "broker-kill" => (Strike::BrokerKill, lasts(200..4000)),
        "broker-freeze" => (Strike::BrokerFreeze, lasts(1000..10_000)),
        "broker-stop" => (Strike::BrokerStop, lasts(200..3000)),
        "redis-kill" => (Strike::RedisKill, lasts(100..5000)),
        "redis-freeze" => (Strike::RedisFreeze, lasts(500..8000)),
        "broker-link" => link(rng, Line::Broker, worker),
        "redis-link" => link(rng, Line::Redis, worker),
        "salto-link" => link(rng, Line::Salto, worker),
        "salto-revoke" => (Strike::Revoke, 0),
        "salto-offline" => {
            let lasts = lasts(1000..8000);
            (Strike::Offline(ground.iqs[rng.random_range(0..ground.iqs.len())].clone()), lasts)
        }
        // One-time passwords are good for three minutes either way, tokens for a minute and a half.
        "salto-skew" => {
            let lasts = lasts(4000..15_000);
            (Strike::Skew(rng.random_range(-60..60)), lasts)
        }
        _ => answer(rng, kind),
    }
}

fn link(rng: &mut StdRng, line: Line, worker: usize) -> (Strike, u64) {
    let whom = rng.random_bool(0.7).then_some(worker).filter(|_| line != Line::Salto);
    let latency = Duration::from_millis(rng.random_range(20..400));
    let slow = Mode::Slow { latency, bytes_per_second: rng.random_range(4000..100_000) };
    let (mode, lasts) = [
        (Mode::Reset, rng.random_range(50..2000)),
        (Mode::BlackHole, rng.random_range(1000..8000)),
        (slow, rng.random_range(2000..8000)),
        (Mode::Refuse, rng.random_range(500..5000)),
    ][rng.random_range(0..4)];
    (Strike::Link(line, whom, mode), lasts)
}

fn answer(rng: &mut StdRng, kind: &str) -> (Strike, u64) {
    let done = rng.random_bool(0.5);
    let (kind, order): (_, Value) = match kind {
        "salto-status" => {
            let status =
                [400, 403, 404, 409, 500, 500, 502, 503, 503, 504][rng.random_range(0..10)];
            // What says that it never happened is believed.
            let done = done && matches!(status, 500 | 502 | 504);
            (
                "salto-status",
                json!({"kind": "status", "call": "open", "status": status, "carried_out": done}),
            )
        }
        "salto-delay" => {
            let delay = rng.random_range(200..6000);
            (
                "salto-delay",
                json!({"kind": "delay", "call": "open", "delay_ms": delay, "carried_out": done}),
            )
        }
        "salto-reset" => {
            ("salto-reset", json!({"kind": "reset", "call": "open", "carried_out": done}))
        }
        "salto-dropped" => {
            ("salto-dropped", json!({"kind": "opened_then_dropped", "call": "open"}))
        }
        "salto-silence" => (
            "salto-silence",
            json!({"kind": "no_answer", "call": "open", "hold_ms": 8000, "carried_out": done}),
        ),
        "salto-half" => ("salto-half", json!({"kind": "half_answer", "call": "open"})),
        "salto-rate-limit" => {
            let seconds = rng.random_range(1..5);
            let call = ["open", "any"][rng.random_range(0..2)];
            (
                "salto-rate-limit",
                json!({"kind": "rate_limit", "call": call, "retry_after": seconds}),
            )
        }
        "salto-identity" => {
            let order = match rng.random_range(0..3) {
                0 => json!({"kind": "identity_gone"}),
                1 => json!({"kind": "status", "call": "identity", "status": 503}),
                // Once, so that it is known how many tokens were granted in vain.
                _ => json!({"kind": "opened_then_dropped", "call": "token", "times": 1}),
            };
            ("salto-identity", order)
        }
        "salto-lists" => {
            let call = ["locks", "iqs", "entries", "sites"][rng.random_range(0..4)];
            ("salto-lists", json!({"kind": "status", "call": call, "status": 500}))
        }
        other => panic!("no fault is called {other}"),
    };
    (Strike::Answer(Answer { kind, order }), rng.random_range(800..5000))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn ground(seconds: u64) -> Ground {
        Ground {
            duration: Duration::from_secs(seconds),
            workers: 3,
            kinds: KINDS.to_vec(),
            iqs: vec!["iq".to_owned()],
        }
    }

    #[test]
    fn a_seed_makes_one_schedule_and_all_of_it_ends_in_time() {
        assert_eq!(schedule(1, &ground(60)), schedule(1, &ground(60)));
        assert_ne!(schedule(1, &ground(60)), schedule(2, &ground(60)));
        let end = Duration::from_secs(59);
        for one in schedule(3, &ground(60)) {
            assert!(one.at + one.lasts <= end, "{one:?}");
        }
    }

    #[test]
    fn minutes_see_every_kind() {
        let kinds: BTreeSet<_> =
            schedule(4, &ground(300)).iter().map(|one| one.strike.kind()).collect();
        for kind in KINDS {
            assert!(kinds.iter().any(|seen| seen.starts_with(kind)), "{kind} is not in {kinds:?}");
        }
    }

    #[test]
    fn nobody_is_struck_twice_at_one_time() {
        let mut busy = BTreeMap::new();
        for one in schedule(5, &ground(300)) {
            let until = busy.insert(group(&one.strike), one.at + one.lasts);
            assert!(until.is_none_or(|until| until <= one.at), "{one:?}");
        }
    }
}
