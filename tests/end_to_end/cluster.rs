//! A cluster of three RabbitMQ nodes behind a load balancer; the node with all connections is killed under load.

use chrono::{DateTime, TimeDelta, Utc};
use end_to_end::broker::{Bus, PrivateCluster};
use end_to_end::deadline::{SOON, until_true};
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::open_request;
use end_to_end::services;
use end_to_end::setup::Setup;
use end_to_end::simulator::IQ_GROUND_FLOOR;
use serde_json::json;
use std::io::Write;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};

const REQUESTS: usize = 600;
/// Thirty requests per second.
const EVERY: Duration = Duration::from_millis(33);
/// The node is killed after this number of openings, and restarted after the same number again.
const BEFORE: u64 = 100;
const AFTER: u64 = 50;
/// The time to elect new leaders and to reconnect, on a busy machine.
const BACK: Duration = Duration::from_secs(60);
const QUEUES: [&str; 3] =
    ["postern.open-requests", "postern.booking-status", "postern.dead-letters"];

/// The available members of a queue, and its leader.
async fn members(fixture: &Fixture, queue: &str) -> (usize, String) {
    let queue = fixture.setup.vhost.queue(queue).await;
    let online = queue["online"].as_array().map_or(0, Vec::len);
    (online, queue["leader"].as_str().unwrap_or_default().to_owned())
}

async fn all_have_members(fixture: &Fixture, count: usize) {
    for queue in QUEUES {
        until_true(&format!("{count} members of {queue}"), BACK, || async {
            members(fixture, queue).await.0 == count
        })
        .await;
    }
}

/// Publishes requests at a constant rate, also while the node is down.
async fn publish_requests(bus: Bus) {
    let mut pace = interval(EVERY);
    pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for number in 0..REQUESTS {
        pace.tick().await;
        bus.open_request(&open_request(&format!("r-{number}"), BOOKING)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_killed_under_load_loses_nothing() {
    let mut cluster = PrivateCluster::start().await;
    // The booking system and the test use the last node, the workers the first one that answers.
    let mut setup = Setup::over(cluster.vhost(2).await, services::redis_url()).await;
    setup.activate(IQ_GROUND_FLOOR).await;
    let balancer = cluster.balancer([0, 1, 2]).await;
    setup.settings.set("broker.url", setup.vhost.url_through(balancer.port()));
    setup.settings.set("opening.request_ttl", "5m");
    let fixture = Fixture::new(setup, 2).await;
    all_have_members(&fixture, 3).await;
    // The leader of a queue is on the node where it was declared.
    let (_, leader) = members(&fixture, "postern.open-requests").await;
    assert_eq!(leader, cluster.name(0));

    let load = tokio::spawn(publish_requests(fixture.setup.vhost.bus().await));
    let simulator = &fixture.setup.simulator;
    simulator.wait_for_openings(BEFORE, SOON * 2).await;
    let killed_at = Utc::now();
    cluster.kill(0).await;
    simulator.wait_for_openings(simulator.opening_count().await + AFTER, BACK).await;
    assert!(!load.is_finished(), "it was killed under load");
    cluster.restart(0).await;
    all_have_members(&fixture, 3).await;
    load.await.expect("every request has reached the cluster");
    fixture.outbound.ended(REQUESTS, BACK).await;
    for worker in &fixture.workers {
        worker.ready(BACK).await;
        worker.idle(SOON).await;
        assert!(worker.log().contains("session lost"), "its node was killed");
    }
    fixture.outbound.catch_up().await;

    let mut opened = Vec::new();
    for number in 0..REQUESTS {
        let end = fixture.outbound.only_terminal(&format!("r-{number}"));
        assert_eq!(
            (&*end.kind, &end.data["attempts"]),
            ("lock.opened.v1", &json!(1)),
            "r-{number}"
        );
        opened.push(end.text("opened_at").parse::<DateTime<Utc>>().expect("a time"));
    }
    assert_eq!(fixture.setup.simulator.opening_count().await, REQUESTS as u64);
    assert_eq!(fixture.outbound.check_ins(BOOKING).len(), 1);
    assert_eq!(fixture.bus.dead_letters().await, []);
    until_true("the queue to be empty", SOON, || async {
        fixture.bus.waiting("postern.open-requests").await == Some(0)
    })
    .await;
    longest_gap(killed_at, opened);
}

/// The longest time without an opening after the kill.
fn longest_gap(killed_at: DateTime<Utc>, mut opened: Vec<DateTime<Utc>>) {
    opened.sort_unstable();
    let before = opened.iter().rposition(|at| *at < killed_at).expect("it was killed under load");
    assert!(before + 1 < opened.len(), "it was killed under load");
    let gaps = opened[before..].windows(2).map(|pair| (pair[1] - pair[0], pair[1] - killed_at));
    let (gap, until) = gaps.max().unwrap_or((TimeDelta::zero(), TimeDelta::zero()));
    let seconds = |time: TimeDelta| time.as_seconds_f64();
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "a node of three killed under load: no door opened for {:.2} s, until {:.2} s after the kill",
        seconds(gap),
        seconds(until),
    )
    .expect("it is written");
}
