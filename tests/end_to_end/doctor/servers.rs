//! Faults of the broker and of Redis.

use super::{Report, remove_mappings, sound_setup};
use deadpool_redis::redis;
use end_to_end::deadline::SOON;
use end_to_end::inbound::booking_status;
use end_to_end::redis::PrivateRedis;
use end_to_end::setup::Setup;
use serde_json::json;

#[tokio::test]
async fn unavailable_servers_are_distinguished() {
    let mut server = PrivateRedis::start().await;
    let mut setup = Setup::on_redis(&server).await;
    remove_mappings(&mut setup, "room-nowhere");
    server.kill().await;
    setup.settings.set("broker.url", "amqp://guest:guest@127.0.0.1:1/%2f");
    setup.simulator.process().kill().await;
    let report = Report::of(&setup).await;
    report.assert_finding("rabbitmq.connection", "broken", "127.0.0.1:1");
    report.assert_finding("redis.connection", "broken", "Redis");
    report.assert_finding("salto.identity", "broken", "identity provider");
    report.assert_finding("salto.api", "broken", "Connect API");
    report.assert_finding("integration", "warning", "requires Redis");
}

#[tokio::test]
async fn frozen_servers_delay_it_by_ten_seconds_at_most() {
    let server = PrivateRedis::start().await;
    let mut setup = Setup::on_redis(&server).await;
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = silent.local_addr().expect("it is bound");
    setup.settings.set("broker.url", format!("amqp://guest:guest@{address}/%2f"));
    setup.simulator.process().signal(nix::sys::signal::Signal::SIGSTOP);
    let report = Report::of(&setup).await;
    setup.simulator.process().signal(nix::sys::signal::Signal::SIGCONT);
    report.assert_finding("rabbitmq.connection", "broken", "within");
    report.assert_finding("salto.identity", "broken", "no answer within 9 s");
    report.assert_finding("salto.site", "broken", "no answer within 9 s");
    report.assert_finding("redis.latency", "ok", "ms");
}

#[tokio::test]
async fn faults_of_the_broker_are_named() {
    let server = PrivateRedis::start().await;
    let mut fixture = sound_setup(&server).await;
    let workers = std::mem::take(&mut fixture.workers);
    for worker in &workers {
        assert!(worker.stop(SOON).await.success());
    }
    fixture.bus.publish("postern.inbound", "lock.open-request", &json!({"waits": true})).await;
    let report = Report::of(&fixture.setup).await;
    report.assert_finding("rabbitmq.consumers", "broken", "postern.booking-status");
    let backlog = report.assert_finding("rabbitmq.backlog", "broken", "1 messages wait");
    assert_eq!(backlog["subject"], "postern.open-requests");
    let worker = fixture.setup.worker("again").start().await;
    fixture.bus.wait_for_dead_letters(1, SOON).await;

    fixture.bus.delete_queue("postern.retry.open-requests.16s").await;
    let quorum = json!({"x-queue-type": "quorum"});
    fixture.bus.replace_queue("postern.retry.open-requests.4s", &quorum, "nothing").await;
    let report = Report::of(&fixture.setup).await;
    report.assert_finding("rabbitmq.dead_letters", "warning", "1 messages");
    report.assert_finding("rabbitmq.topology", "broken", "postern.retry.open-requests.16s");
    let other =
        report.assert_finding("rabbitmq.topology", "broken", "postern.retry.open-requests.4s");
    assert!(other["detail"].as_str().unwrap_or_default().contains("other properties"), "{other}");
    drop(worker);
}

#[tokio::test]
async fn faults_of_redis_are_named() {
    let server = PrivateRedis::start().await;
    let mut fixture = sound_setup(&server).await;
    let mut connection = end_to_end::redis::connect(&server.url()).await;
    for (name, value) in [("appendonly", "no"), ("maxmemory-policy", "allkeys-lru")] {
        let mut set = redis::cmd("CONFIG");
        let set = set.arg("SET").arg(name).arg(value).query_async::<()>(&mut connection);
        set.await.expect("it is set");
    }
    let report = Report::of(&fixture.setup).await;
    assert_eq!(report.status, Some(0));
    report.assert_finding("redis.appendonly", "warning", "only once");
    report.assert_finding("redis.maxmemory_policy", "warning", "allkeys-lru");

    let mut status = booking_status("B-9", "paid");
    status["data"]["integration_id"] = "tpyo".into();
    fixture.store_status(&status).await;
    let mut set = redis::cmd("CONFIG");
    let set = set.arg("SET").arg("maxmemory").arg("1gb").query_async::<()>(&mut connection);
    set.await.expect("it is set");
    let report = Report::of(&fixture.setup).await;
    report.assert_finding("redis.unknown_bookings", "note", "1 bookings");
    report.assert_finding("redis.unknown_bookings", "note", "tpyo");
    report.assert_finding("redis.contents", "ok", "booking 2 (");
    report.assert_finding("redis.memory", "ok", "of 1.0 GB used");

    let tokens = fixture.setup.simulator.token_requests().await;
    fixture.setup.settings.set("secrets.key", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    Report::of(&fixture.setup).await.assert_only(
        "redis.secrets_key",
        "not the key",
        "find the key",
    );
    assert_eq!(
        fixture.setup.simulator.token_requests().await,
        tokens,
        "nothing is encrypted with it"
    );
}
