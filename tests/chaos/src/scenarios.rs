//! The plans of the runs: all kinds of faults, one outage, an emptied Redis.

use crate::arguments::OutageTarget;
use crate::fixtures::{Fixtures, OPENING_INTEGRATIONS};
use crate::load::{LoadKind, LoadShape};
use crate::nemesis::schedule::{ScheduleInputs, schedule};
use crate::nemesis::{FaultAction, LinkTarget, PlannedFault};
use crate::proxy::Mode;
use crate::run::RunPlan;
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::time::Duration;

/// The life of a request in an outage: of the requests during an outage of a minute, half see its end.
const REQUEST_LIFE_SECONDS: i64 = 30;
const BEFORE: Duration = Duration::from_secs(15);
const AFTER: Duration = Duration::from_secs(20);

/// All kinds of messages, and faults of these kinds.
pub fn everything(
    seed: u64,
    duration: Duration,
    rate: f64,
    workers: usize,
    kinds: &[&'static str],
) -> RunPlan {
    let shape = LoadShape { duration, rate, kind: LoadKind::Mixed };
    let fixtures = Fixtures::new(&mut StdRng::seed_from_u64(seed), 1);
    let iqs = fixtures.iqs.into_iter().map(|iq| iq.id).collect();
    let inputs = ScheduleInputs { duration, workers, kinds: kinds.to_vec(), iqs };
    RunPlan { seed, shape, workers, faults: schedule(seed, &inputs) }
}

/// A steady load; one server is unavailable for the given time.
pub fn outage(
    seed: u64,
    target: OutageTarget,
    lasts: Duration,
    rate: f64,
    workers: usize,
) -> RunPlan {
    let action = match target {
        OutageTarget::Broker => FaultAction::BrokerKill,
        OutageTarget::Redis => FaultAction::RedisKill,
        OutageTarget::Salto => FaultAction::Link(LinkTarget::Salto, None, Mode::Refuse),
    };
    let kind = LoadKind::Steady {
        seconds_to_live: REQUEST_LIFE_SECONDS,
        integrations: OPENING_INTEGRATIONS,
    };
    let shape = LoadShape { duration: BEFORE + lasts + AFTER, rate, kind };
    RunPlan { seed, shape, workers, faults: vec![PlannedFault { at: BEFORE, lasts, action }] }
}

/// All kinds of messages; Redis is emptied in the middle.
pub fn empty_redis(seed: u64, rate: f64, workers: usize) -> RunPlan {
    let shape = LoadShape { duration: BEFORE * 2 + AFTER, rate, kind: LoadKind::Mixed };
    let fault =
        PlannedFault { at: BEFORE * 2, lasts: Duration::ZERO, action: FaultAction::EmptyRedis };
    RunPlan { seed, shape, workers, faults: vec![fault] }
}
