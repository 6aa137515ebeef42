//! Redis with Sentinel: the master is killed under load, and what a command rests on is on a replica.

use chrono::Utc;
use end_to_end::broker::Vhost;
use end_to_end::deadline::SOON;
use end_to_end::failover::{Load, Pause, Verdict};
use end_to_end::inbound::{booking_status, open_request};
use end_to_end::redis_sentinels::PrivateSentinels;
use end_to_end::setup::Setup;
use end_to_end::simulator::IQ_GROUND_FLOOR;
use serde_json::Value;
use std::io::Write;
use std::time::Duration;

/// Twenty requests per second.
const EVERY: Duration = Duration::from_millis(50);
/// The master is killed after this number of openings, and the load ends after the same number again.
const OPENINGS: u64 = 60;
const BACK: Duration = Duration::from_secs(60);

async fn setup_on(sentinels: &PrivateSentinels) -> Setup {
    let mut setup = Setup::over(Vhost::new().await, sentinels.url(0)).await;
    sentinels.configure(&mut setup.settings);
    setup.settings.set("opening.request_ttl", "5m");
    setup.settings.set("opening.booking_wait", "30s");
    setup.activate(IQ_GROUND_FLOOR).await;
    setup
}

/// The findings of `postern doctor` about Redis: check, level, detail.
async fn about_redis(setup: &Setup) -> Vec<(String, String, String)> {
    let output = setup.postern(&["doctor", "--output", "json"]).await;
    let findings = String::from_utf8_lossy(&output.stdout).into_owned();
    let text = |finding: &Value, name: &str| finding[name].as_str().unwrap_or_default().to_owned();
    let findings = findings.lines().map(|line| {
        let finding: Value = serde_json::from_str(line).expect("a finding is JSON");
        (text(&finding, "check"), text(&finding, "level"), text(&finding, "detail"))
    });
    findings.filter(|(check, ..)| check.starts_with("redis.")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_killed_under_load_loses_nothing() {
    let mut sentinels = PrivateSentinels::start().await;
    let setup = setup_on(&sentinels).await;
    let workers = [setup.worker("first").start().await, setup.worker("second").start().await];
    let outbound = setup.vhost.bus().await.listen().await;

    let load = Load::start(setup.vhost.url(), EVERY);
    let simulator = &setup.simulator;
    simulator.wait_for_openings(OPENINGS, SOON * 2).await;
    let killed_at = Utc::now();
    sentinels.kill(0).await;
    simulator.wait_for_openings(simulator.opening_count().await + OPENINGS, BACK).await;
    let requests = load.stop().await;
    let verdict = Verdict::on(&setup, &outbound, &workers, requests).await;
    let pause = Pause::after(&setup, killed_at, Utc::now()).await;
    writeln!(std::io::stdout(), "master killed under load: {pause}; {verdict}").expect("written");
    assert!(verdict.is_faultless(), "{verdict}");
    assert_ne!(sentinels.master().await, 0);

    let findings = about_redis(&setup).await;
    let level = |check: &str| findings.iter().find(|it| it.0 == check).map(|it| it.1.as_str());
    assert_eq!(level("redis.replicas"), Some("warning"), "one is left: {findings:?}");
    assert_eq!(level("redis.min_replicas"), Some("warning"), "{findings:?}");
    sentinels.kill_sentinel(1).await;
    sentinels.restart(0).await;
    let findings = about_redis(&setup).await;
    let away: Vec<_> = findings.iter().filter(|it| it.0 == "redis.sentinel").collect();
    let levels: Vec<_> = away.iter().map(|it| it.1.as_str()).collect();
    assert_eq!(levels, ["ok", "warning", "ok"], "{findings:?}");
    let level = |check: &str| findings.iter().find(|it| it.0 == check).map(|it| it.1.as_str());
    assert_eq!(level("redis.replicas"), Some("ok"), "{findings:?}");
    assert_eq!(level("redis.connection"), Some("ok"), "{findings:?}");
}

#[tokio::test]
async fn no_command_is_sent_and_no_booking_acknowledged_before_a_replica_has_its_record() {
    let sentinels = PrivateSentinels::start().await;
    let setup = setup_on(&sentinels).await;
    let worker = setup.worker("worker").start().await;
    let bus = setup.vhost.bus().await;
    let outbound = bus.listen().await;
    bus.booking(&booking_status("B-1", "paid")).await;
    worker.wait_until_settled("booking-status", 1, SOON).await;

    [1, 2].into_iter().for_each(|replica| sentinels.freeze(replica));
    bus.booking(&booking_status("B-2", "paid")).await;
    bus.open_request(&open_request("waits", "B-1")).await;
    worker.unready(SOON).await;
    worker.wait_for_log("fewer than 1 replicas", SOON).await;
    assert_eq!(setup.simulator.opening_count().await, 0);
    assert_eq!(worker.settled("booking-status").await, 1);

    sentinels.resume(1);
    let end = outbound.terminal("waits", SOON).await;
    assert_eq!((&*end.kind, &end.data["attempts"]), ("lock.opened.v1", &1.into()));
    assert_eq!(setup.simulator.opening_count().await, 1);
    worker.wait_until_settled("booking-status", 2, SOON).await;
    worker.ready(SOON).await;
    sentinels.resume(2);
}
