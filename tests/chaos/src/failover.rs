//! The nodes of a RabbitMQ cluster, or the masters of a Redis with Sentinel, are killed under load, one after the other.

use crate::output::Output;
use crate::run_directory::RunDirectory;
use chrono::{DateTime, Utc};
use end_to_end::broker::{OutboundListener, PrivateBroker, PrivateCluster};
use end_to_end::failover::{Load, Pause, Verdict, all_have_members};
use end_to_end::redis::PrivateRedis;
use end_to_end::redis_sentinels::PrivateSentinels;
use end_to_end::setup::Setup;
use end_to_end::simulator::IQ_GROUND_FLOOR;
use end_to_end::worker::Worker;
use futures_util::future::join_all;
use serde_json::json;
use std::time::Duration;
use toml::Value;

/// What is killed, how often, and the load meanwhile.
#[derive(Debug, Clone, Copy)]
pub struct FailoverPlan {
    pub rounds: u32,
    /// Requests per second.
    pub rate: f64,
    pub workers: usize,
}

/// Seconds of load before each kill, and after it before the server is started again.
const SECONDS: f64 = 3.0;
/// The limit of one of these waits: an outage on a busy machine.
const BACK: Duration = Duration::from_secs(120);

/// Kills each of three nodes of a cluster, in each round; whether nothing was lost and nothing done twice.
pub async fn of_broker(plan: FailoverPlan, output: Output, files: &RunDirectory) -> bool {
    output.remark("starting three RabbitMQ nodes, Redis, the simulator and workers (a minute)");
    let (mut cluster, redis) = tokio::join!(PrivateCluster::start(), PrivateRedis::start());
    let balancer = cluster.balancer([0, 1, 2]).await;
    let mut setup = Setup::over(cluster.vhost_through(&balancer).await, redis.url()).await;
    let urls = cluster.ports().map(|port| Value::from(setup.vhost.url_through(port)));
    setup.settings.unset("broker.url");
    setup.settings.set("broker.urls", urls.to_vec());
    let run = Run::start(setup, plan).await;
    all_have_members(&run.setup, cluster.ports().len()).await;
    let mut kills = Vec::new();
    for round in 1..=plan.rounds {
        for node in 0..cluster.ports().len() {
            run.wait_for_openings().await;
            kills.push(Kill { what: format!("round {round}, node {node}"), at: Utc::now() });
            cluster.kill(node).await;
            run.wait_for_openings().await;
            cluster.restart(node).await;
            all_have_members(&run.setup, cluster.ports().len()).await;
            output.remark(&format!("round {round}: node {node} was killed and is back"));
        }
    }
    run.judge(&kills, output, files).await
}

/// Kills the present master, in each round; whether nothing was lost and nothing done twice.
pub async fn of_redis(plan: FailoverPlan, output: Output, files: &RunDirectory) -> bool {
    output.remark(
        "starting RabbitMQ, Redis with Sentinel, the simulator and workers (half a minute)",
    );
    let (broker, mut sentinels) = tokio::join!(PrivateBroker::start(), PrivateSentinels::start());
    let mut setup = Setup::over(broker.vhost().await, sentinels.url(0)).await;
    sentinels.configure(&mut setup.settings);
    let run = Run::start(setup, plan).await;
    let mut kills = Vec::new();
    for round in 1..=plan.rounds {
        run.wait_for_openings().await;
        let master = sentinels.master().await;
        kills.push(Kill { what: format!("round {round}, master {master}"), at: Utc::now() });
        sentinels.kill(master).await;
        run.wait_for_openings().await;
        sentinels.failed_over(master).await;
        sentinels.restart(master).await;
        output.remark(&format!("round {round}: master {master} was killed and is a replica"));
    }
    run.judge(&kills, output, files).await
}

struct Kill {
    what: String,
    at: DateTime<Utc>,
}

struct Run {
    load: Load,
    workers: Vec<Worker>,
    outbound: OutboundListener,
    setup: Setup,
    /// The number of openings in [`SECONDS`].
    openings: u64,
}

impl Run {
    async fn start(mut setup: Setup, plan: FailoverPlan) -> Self {
        setup.settings.set("opening.request_ttl", "5m");
        setup.settings.set("opening.booking_wait", "30s");
        setup.activate(IQ_GROUND_FLOOR).await;
        let names: Vec<_> = (1..=plan.workers).map(|number| format!("worker-{number}")).collect();
        let workers = join_all(names.iter().map(|name| setup.worker(name).start())).await;
        let outbound = setup.vhost.bus().await.listen_on_all_nodes().await;
        let load = Load::start(setup.vhost.url(), Duration::from_secs_f64(1.0 / plan.rate));
        Self { load, workers, outbound, setup, openings: (plan.rate * SECONDS).ceil() as u64 }
    }

    async fn wait_for_openings(&self) {
        let simulator = &self.setup.simulator;
        let count = simulator.opening_count().await + self.openings;
        simulator.wait_for_openings(count, BACK).await;
    }

    async fn judge(self, kills: &[Kill], output: Output, files: &RunDirectory) -> bool {
        let Self { load, workers, outbound, setup, .. } = self;
        // Dropped before what deletes the logs.
        let _copy = files.copy_at_end("");
        let requests = load.stop().await;
        let verdict = Verdict::on(&setup, &outbound, &workers, requests).await;
        let mut longest = 0.0_f64;
        for (number, kill) in kills.iter().enumerate() {
            let end = kills.get(number + 1).map_or_else(Utc::now, |next| next.at);
            let pause = Pause::after(&setup, kill.at, end).await;
            longest = longest.max(pause.lasted.as_seconds_f64());
            match output {
                Output::Human => output.line(&format!("{}: {pause}", kill.what)),
                Output::Json => output.json(
                    "kill",
                    json!({"what": kill.what, "pause_s": pause.lasted.as_seconds_f64()}),
                ),
            }
        }
        match output {
            Output::Human => output.line(&format!("{verdict}; longest pause {longest:.1} s")),
            Output::Json => output.json(
                "failover",
                json!({
                    "requests": verdict.requests,
                    "lost": verdict.lost,
                    "answered_differently": verdict.answered_differently,
                    "openings": verdict.openings,
                    "dead_letters": verdict.dead_letters,
                    "longest_pause_s": longest,
                }),
            ),
        }
        verdict.is_faultless()
    }
}
