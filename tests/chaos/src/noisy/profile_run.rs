//! One profile, with servers, simulator and workers of its own: the load without the trouble, then with it.

use super::measurement::Measurement;
use super::profiles::Profile;
use super::trouble_phase::{HEALTHY, TroublePhase};
use super::watch::{WorkerWatch, sessions_lost};
use crate::fixtures::Fixtures;
use crate::history::{Published, Request};
use crate::load::publish::{PublishLog, publish};
use crate::load::{Content, LoadKind, LoadPlan, LoadShape, Outgoing};
use crate::report::Percentiles;
use crate::run_directory::RunDirectory;
use crate::system::{SystemOptions, SystemUnderTest};
use chrono::{DateTime, Utc};
use end_to_end::broker::Event;
use end_to_end::deadline::within;
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::collections::BTreeMap;
use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

/// How the profiles are measured.
#[derive(Debug, Clone, Copy)]
pub struct NoisyPlan {
    pub seed: u64,
    /// Requests of the healthy integration per second.
    pub rate: f64,
    /// Of each of the two phases.
    pub duration: Duration,
    pub workers: usize,
}

/// The life of a healthy request. One that is not answered by then has failed.
const SECONDS_TO_LIVE: i64 = 20;
/// The load before the first measured request: tokens, lists of locks and connections are there by then.
const WARM_UP: Duration = Duration::from_secs(5);
/// From the last request until the wait for its answer ends.
const GIVE_UP: Duration = Duration::from_secs(SECONDS_TO_LIVE as u64 + 5);
const PREPARED: Duration = Duration::from_secs(120);
const DLQ_LIST: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(50);
/// The defaults of the contract: other runs shorten them to see more expiries and timeouts.
const SETTINGS: [(&str, &str); 3] = [
    ("opening.request_ttl", "60s"),
    ("opening.command_timeout", "10s"),
    ("retention.outcomes", "24h"),
];

/// Measures one profile.
///
/// # Panics
/// If the harness itself fails: a server does not start, or the trouble cannot be caused.
pub async fn measure(profile: Profile, plan: NoisyPlan, directory: &RunDirectory) -> Measurement {
    let doors = shape(&plan).doors();
    let fixtures = Fixtures::new(&mut StdRng::seed_from_u64(plan.seed), doors);
    let mut settings = SETTINGS.to_vec();
    settings.extend(profile.settings());
    let (workers, worker) = (plan.workers, profile.worker_options());
    let options = SystemOptions { workers, settings, worker, ..SystemOptions::default() };
    let system = SystemUnderTest::start(fixtures, options).await;
    // Dropped before the system is.
    let _copy = directory.copy_at_end(profile.name());

    let phase = TroublePhase::new(&system, plan.rate, plan.duration);
    let watch = WorkerWatch::default();
    let trouble = async {
        profile.cause(&phase).await;
        pending().await
    };
    let guests = async {
        let published = guests(&phase, &plan).await;
        (published, sessions_lost(&system).await)
    };
    let (published, sessions_lost) = tokio::select! {
        results = guests => results,
        () = trouble => unreachable!("it waits until it is dropped"),
        () = watch.run(&system) => unreachable!("it watches until it is dropped"),
    };
    let phases = Phases::new(&published, &system.outbound.ended_at());
    let terminals = system.outbound.terminals();
    let is_opened = |one: &&Published<Request>| {
        let events = terminals.get(&one.what.id).into_iter().flatten();
        events.into_iter().any(|event: &Event| event.kind == "lock.opened.v1")
    };
    Measurement {
        profile: profile.name().to_owned(),
        without_ms: phases.without,
        with_ms: phases.with,
        requests: published.planned,
        openings: published.requests.iter().filter(is_opened).count(),
        sessions_lost,
        worker_restarts: watch.restarts(),
        peak_memory_bytes: watch.peak_memory(),
        dlq_list_error: dlq_list(&system).await.err(),
    }
}

/// The load of the healthy integration over both phases.
fn shape(plan: &NoisyPlan) -> LoadShape {
    let kind = LoadKind::Steady { seconds_to_live: SECONDS_TO_LIVE, integrations: &[HEALTHY] };
    LoadShape { duration: WARM_UP + 2 * plan.duration, rate: plan.rate, kind }
}

/// The requests of the healthy integration.
struct Guests {
    planned: usize,
    /// Those that were published.
    requests: Vec<Published<Request>>,
    /// The beginning of the phase without the trouble, and of the one with it.
    phases: [DateTime<Utc>; 2],
    /// When the wait for answers ended.
    until: DateTime<Utc>,
}

/// Publishes the load and waits until it is answered.
async fn guests(phase: &TroublePhase<'_>, plan: &NoisyPlan) -> Guests {
    within("the preparation of the trouble", PREPARED, phase.prepared()).await;
    let (start, began) = (Instant::now(), Utc::now());
    let begin_trouble = WARM_UP + plan.duration;
    phase.begin_trouble_at(start + begin_trouble);
    let log = Arc::new(PublishLog::default());
    let load = LoadPlan::new(plan.seed, &phase.system.fixtures, shape(plan), began);
    let url = phase.system.setup.vhost.url().to_owned();
    let is_request = |message: &&Outgoing| matches!(message.content, Content::Request(_));
    let planned = load.messages.iter().filter(is_request).count();
    // A broker that confirms nothing must not keep the run: what is not published is not opened.
    let publishing = publish(load, url, start, Arc::clone(&log));
    let _ = timeout(shape(plan).duration + GIVE_UP, publishing).await;

    let (requests, published) = (log.requests(), Instant::now());
    let answered = || {
        let ended = phase.system.outbound.ended_at();
        requests.iter().all(|one| ended.contains_key(&one.what.id))
    };
    while !answered() && published.elapsed() < GIVE_UP {
        sleep(PAUSE).await;
    }
    let phases = [began + WARM_UP, began + begin_trouble];
    Guests { planned, requests, phases, until: Utc::now() }
}

/// The latencies of both phases.
struct Phases {
    without: Percentiles,
    with: Percentiles,
}

impl Phases {
    fn new(guests: &Guests, ended: &BTreeMap<String, DateTime<Utc>>) -> Self {
        let [quiet, trouble] = guests.phases;
        let latencies = |from: DateTime<Utc>, until: DateTime<Utc>| {
            let of_phase =
                guests.requests.iter().filter(move |one| (from..until).contains(&one.sent.first));
            // One without an answer has waited until the end.
            let end = |one: &Published<Request>| *ended.get(&one.what.id).unwrap_or(&guests.until);
            Percentiles::of(of_phase.map(|one| end(one) - one.sent.first))
        };
        Self {
            without: latencies(quiet, trouble),
            with: latencies(trouble, DateTime::<Utc>::MAX_UTC),
        }
    }
}

/// Whether the dead letters can be listed.
async fn dlq_list(system: &SystemUnderTest) -> Result<(), String> {
    let list = ["dlq", "list", "--output", "json"];
    let command = system.setup.postern_in_background("dlq-list", &list);
    let started = Instant::now();
    while started.elapsed() < DLQ_LIST {
        match command.status() {
            Some(status) if status.success() => return Ok(()),
            Some(status) => {
                let log = command.log();
                let last = log.lines().last().unwrap_or_default().to_owned();
                return Err(format!("{status}: {last}"));
            }
            None => sleep(PAUSE).await,
        }
    }
    command.kill().await;
    Err(format!("has not ended after {DLQ_LIST:?}"))
}
