//! A cluster of three RabbitMQ nodes, two of which are killed under load, one after the other. One worker knows the
//! nodes, another one a load balancer.

use chrono::Utc;
use end_to_end::broker::PrivateCluster;
use end_to_end::deadline::SOON;
use end_to_end::failover::{Load, Pause, Verdict, all_have_members};
use end_to_end::services;
use end_to_end::setup::Setup;
use end_to_end::simulator::IQ_GROUND_FLOOR;
use std::io::Write;
use std::time::Duration;

/// Thirty requests per second.
const EVERY: Duration = Duration::from_millis(33);
/// A node is killed after this number of openings, and restarted after the same number again.
const OPENINGS: u64 = 60;
/// The time to elect new leaders and to reconnect, on a busy machine.
const BACK: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_killed_under_load_lose_nothing() {
    let mut cluster = PrivateCluster::start().await;
    // The booking system and the test use the last node.
    let mut setup = Setup::over(cluster.vhost(2).await, services::redis_url()).await;
    setup.activate(IQ_GROUND_FLOOR).await;
    setup.settings.set("opening.request_ttl", "5m");
    setup.settings.set("opening.booking_wait", "30s");
    let balancer = cluster.balancer([0, 1, 2]).await;
    setup.settings.set("broker.url", setup.vhost.url_through(balancer.port()));
    let balanced = setup.worker("balanced").start().await;
    // The leader of a queue is on the node where it was declared.
    all_have_members(&setup, 3).await;
    let queue = setup.vhost.queue("postern.open-requests").await;
    assert_eq!(queue["leader"], cluster.name(0));
    setup.settings.unset("broker.url");
    let ports = cluster.ports().into_iter().take(2);
    let urls: Vec<_> = ports.map(|port| toml::Value::from(setup.vhost.url_through(port))).collect();
    setup.settings.set("broker.urls", urls);
    let workers = [balanced, setup.worker("by-nodes").start().await];
    let outbound = setup.vhost.bus().await.listen().await;

    let load = Load::start(setup.vhost.url(), EVERY);
    let simulator = &setup.simulator;
    let mut kills = Vec::new();
    for node in 0..2 {
        simulator.wait_for_openings(simulator.opening_count().await + OPENINGS, SOON * 2).await;
        kills.push(Utc::now());
        cluster.kill(node).await;
        simulator.wait_for_openings(simulator.opening_count().await + OPENINGS, BACK).await;
        cluster.restart(node).await;
        all_have_members(&setup, 3).await;
    }
    let requests = load.stop().await;
    let verdict = Verdict::on(&setup, &outbound, &workers, requests).await;
    let mut out = std::io::stdout().lock();
    for (node, killed_at) in kills.iter().enumerate() {
        let end = kills.get(node + 1).copied().unwrap_or_else(Utc::now);
        let pause = Pause::after(&setup, *killed_at, end).await;
        writeln!(out, "node {node} of three killed under load: {pause}").expect("it is written");
    }
    writeln!(out, "{verdict}").expect("it is written");
    assert!(verdict.is_faultless(), "{verdict}");
    for worker in &workers {
        assert!(worker.log().contains("session lost"), "a node that it used was killed");
    }
}

#[tokio::test]
async fn doctor_and_commands_use_a_node_that_answers() {
    let mut setup = Setup::new().await;
    let url = setup.vhost.url().to_owned();
    let away = setup.vhost.url_through(end_to_end::ports::free_port());
    setup.settings.unset("broker.url");
    setup.settings.set("broker.urls", vec![toml::Value::from(away.clone()), url.clone().into()]);
    let worker = setup.worker("worker").start().await;
    // Each of them begins with a node at random.
    for number in 0..4 {
        let booking = format!("B-{number}");
        let publish = ["publish", "booking-status", "--integration", "acme-utrecht"];
        let what = ["--booking", &booking, "--object", "room-12", "--status", "paid"];
        let times = ["--starts-at", "now", "--ends-at", "+2h"];
        let output = setup.postern(&[&publish[..], &what, &times].concat()).await;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    worker.wait_until_settled("booking-status", 4, SOON).await;
    let output = setup.postern(&["doctor", "--output", "json"]).await;
    let findings = String::from_utf8_lossy(&output.stdout).into_owned();
    let of_nodes = findings
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("a finding is JSON"));
    let of_nodes = of_nodes.filter(|it| it["check"] == "rabbitmq.connection");
    let address = |url: &str| url.split(['@', '/']).nth(3).expect("it has a host").to_owned();
    let seen: Vec<_> = of_nodes
        .map(|it| (it["subject"].to_string().replace('"', ""), it["level"].to_string()))
        .collect();
    let expected = [(address(&away), "\"warning\""), (address(&url), "\"ok\"")];
    assert_eq!(seen, expected.map(|(node, level)| (node, level.to_owned())), "{findings}");
    assert!(!findings.contains("guest:guest"), "{findings}");
}
