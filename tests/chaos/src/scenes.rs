//! What is played: everything at once, one outage, an emptied Redis.

use crate::arguments::Away;
use crate::load::{Kind, Shape};
use crate::nemesis::schedule::{Ground, schedule};
use crate::nemesis::{Line, Planned, Strike};
use crate::proxy::Mode;
use crate::run::Order;
use crate::town::Town;
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::time::Duration;

/// Guests of an outage wait so long: half of those who come in a minute's outage see its end.
const PATIENCE_SECONDS: i64 = 30;
const BEFORE: Duration = Duration::from_secs(15);
const AFTER: Duration = Duration::from_secs(20);

/// Everything at once.
pub fn everything(
    seed: u64,
    (duration, rate): (Duration, f64),
    workers: usize,
    kinds: &[&'static str],
) -> Order {
    let shape = Shape { duration, rate, kind: Kind::Wild };
    let town = Town::new(&mut StdRng::seed_from_u64(seed), 1);
    let iqs = town.iqs.into_iter().map(|iq| iq.id).collect();
    let ground = Ground { duration, workers, kinds: kinds.to_vec(), iqs };
    Order { seed, shape, workers, strikes: schedule(seed, &ground) }
}

/// Steady guests; one thing is away for so long.
pub fn outage(seed: u64, away: Away, lasts: Duration, rate: f64, workers: usize) -> Order {
    let strike = match away {
        Away::Broker => Strike::BrokerKill,
        Away::Redis => Strike::RedisKill,
        Away::Salto => Strike::Link(Line::Salto, None, Mode::Refuse),
    };
    let kind = Kind::Steady { seconds_to_live: PATIENCE_SECONDS };
    let shape = Shape { duration: BEFORE + lasts + AFTER, rate, kind };
    Order { seed, shape, workers, strikes: vec![Planned { at: BEFORE, lasts, strike }] }
}

/// All sorts of guests; Redis forgets everything in the middle.
pub fn empty_redis(seed: u64, rate: f64, workers: usize) -> Order {
    let shape = Shape { duration: BEFORE * 2 + AFTER, rate, kind: Kind::Wild };
    let strike = Planned { at: BEFORE * 2, lasts: Duration::ZERO, strike: Strike::Empty };
    Order { seed, shape, workers, strikes: vec![strike] }
}
