//! `postern doctor`: everything well, and each thing that is not, by name and with what to do.

use deadpool_redis::redis;
use end_to_end::deadline::SOON;
use end_to_end::inbound::{INTEGRATION, booking_status};
use end_to_end::redis::PrivateRedis;
use end_to_end::scene::{BOOKING, Scene};
use end_to_end::simulator::{IQ_FIRST_FLOOR, IQ_GROUND_FLOOR, SECRETS};
use end_to_end::world::World;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// The doctor's report, and its exit status.
struct Report {
    findings: Vec<Value>,
    status: Option<i32>,
}

impl Report {
    async fn of(world: &World) -> Self {
        let begun = Instant::now();
        let output = world.postern(&["doctor", "--output", "json"]).await;
        assert!(begun.elapsed() < Duration::from_secs(11), "{:?}", begun.elapsed());
        let (text, words) = (output.stdout, output.stderr);
        for told in [&text, &words] {
            let told = String::from_utf8_lossy(told);
            for secret in SECRETS {
                assert!(!told.contains(secret), "{secret}: {told}");
            }
        }
        let text = String::from_utf8(text).expect("JSON is UTF-8");
        let findings: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).expect("an object a line"))
            .collect();
        let report = Self { findings, status: output.status.code() };
        let broken = report.findings.iter().any(|it| it["level"] == "broken");
        assert_eq!(
            report.status,
            Some(i32::from(broken)),
            "{text}{}",
            String::from_utf8_lossy(&words)
        );
        for finding in &report.findings {
            let quiet = matches!(finding["level"].as_str(), Some("ok" | "note"));
            assert_eq!(
                finding["next"].is_null(),
                quiet,
                "advice where something is to be done: {finding}"
            );
        }
        report
    }

    /// The finding of this check and level whose subject or detail contains the words.
    fn told(&self, check: &str, level: &str, words: &str) -> &Value {
        let is_it = |finding: &&Value| {
            let has = |member: &str| finding[member].as_str().unwrap_or_default().contains(words);
            finding["check"] == check
                && finding["level"] == level
                && (has("subject") || has("detail"))
        };
        self.findings.iter().find(is_it).unwrap_or_else(|| {
            panic!("no {level} of {check} with {words:?} in {:#?}", self.findings)
        })
    }

    /// The only thing that is broken, with what to do.
    fn only(&self, check: &str, words: &str, next: &str) {
        let finding = self.told(check, "broken", words);
        assert!(finding["next"].as_str().unwrap_or_default().contains(next), "{finding}");
        let broken: Vec<_> = self.findings.iter().filter(|it| it["level"] == "broken").collect();
        assert_eq!(broken, [finding]);
    }

    fn levels(&self) -> Vec<(&str, &str)> {
        self.findings
            .iter()
            .map(|it| {
                (it["check"].as_str().unwrap_or_default(), it["level"].as_str().unwrap_or_default())
            })
            .collect()
    }
}

/// A Redis that keeps what it is given, all doors mapped to locks that are there.
async fn sound(server: &PrivateRedis) -> Scene {
    let mut world = World::on_redis(server).await;
    unmap(&mut world, "room-nowhere");
    Scene::new(world, 1).await
}

fn unmap(world: &mut World, object: &str) {
    let integration = world.settings.integrations()[0].as_table_mut().expect("a table");
    integration["locks"].as_table_mut().expect("a table").remove(object);
}

async fn account(world: &World, change: Value) {
    world.simulator.control(Method::PATCH, "accounts/system-user@acme.example", Some(change)).await;
}

#[tokio::test]
async fn where_all_is_well_it_says_so_and_signs_nobody_in_anew() {
    let server = PrivateRedis::start().await;
    let scene = sound(&server).await;
    assert_eq!(scene.open("R-1", BOOKING).await.kind, "lock.opened.v1");
    let before = scene.world.simulator.token_requests().await;
    let report = Report::of(&scene.world).await;
    assert_eq!(report.status, Some(0));
    let levels = report.levels();
    assert!(levels.iter().all(|(_, level)| *level == "ok"), "{:#?}", report.findings);
    for check in [
        "configuration",
        "rabbitmq.connection",
        "rabbitmq.version",
        "rabbitmq.topology",
        "rabbitmq.consumers",
        "rabbitmq.backlog",
        "rabbitmq.dead_letters",
        "rabbitmq.retries",
        "redis.connection",
        "redis.version",
        "redis.latency",
        "redis.appendonly",
        "redis.maxmemory_policy",
        "redis.secrets_key",
        "salto.identity",
        "salto.api",
        "salto.clock",
        "salto.sign_in",
        "salto.site",
        "salto.rights",
        "iq",
        "mapping",
        "bookings",
    ] {
        assert!(levels.iter().any(|(told, _)| *told == check), "{check} is missing: {levels:?}");
    }
    report.told("bookings", "ok", "can open: 1");
    assert_eq!(scene.world.simulator.token_requests().await, before);

    let output = scene.world.postern(&["doctor"]).await;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && text.lines().count() < 40, "one screen: {text}");
}

#[tokio::test]
async fn a_broker_without_postern_on_it_stays_so() {
    let world = World::unactivated().await;
    for _ in 0..2 {
        let report = Report::of(&world).await;
        let finding = report.told("rabbitmq.topology", "broken", "do not exist yet");
        assert!(finding["next"].as_str().unwrap_or_default().contains("start a worker"));
    }
}

#[tokio::test]
async fn servers_that_are_away_are_told_apart() {
    let mut server = PrivateRedis::start().await;
    let mut world = World::on_redis(&server).await;
    unmap(&mut world, "room-nowhere");
    server.kill().await;
    world.settings.set("broker.url", "amqp://guest:guest@127.0.0.1:1/%2f");
    world.simulator.process().kill().await;
    let report = Report::of(&world).await;
    report.told("rabbitmq.connection", "broken", "127.0.0.1:1");
    report.told("redis.connection", "broken", "Redis");
    report.told("salto.identity", "broken", "identity provider");
    report.told("salto.api", "broken", "Connect API");
    report.told("integration", "warning", "requires Redis");
}

#[tokio::test]
async fn frozen_servers_cost_ten_seconds_at_most() {
    let server = PrivateRedis::start().await;
    let mut world = World::on_redis(&server).await;
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = silent.local_addr().expect("it is bound");
    world.settings.set("broker.url", format!("amqp://guest:guest@{address}/%2f"));
    world.simulator.process().signal(nix::sys::signal::Signal::SIGSTOP);
    let report = Report::of(&world).await;
    world.simulator.process().signal(nix::sys::signal::Signal::SIGCONT);
    report.told("rabbitmq.connection", "broken", "within");
    report.told("salto.identity", "broken", "no answer within 9 s");
    report.told("salto.site", "broken", "no answer within 9 s");
    report.told("redis.latency", "ok", "ms");
}

#[tokio::test]
async fn what_is_wrong_with_the_broker_is_named() {
    let server = PrivateRedis::start().await;
    let mut scene = sound(&server).await;
    let workers = std::mem::take(&mut scene.workers);
    for worker in &workers {
        assert!(worker.stop(SOON).await.success());
    }
    scene.bus.publish("postern.inbound", "lock.open-request", &json!({"waits": true})).await;
    let report = Report::of(&scene.world).await;
    report.told("rabbitmq.consumers", "broken", "postern.booking-status");
    let backlog = report.told("rabbitmq.backlog", "broken", "1 messages wait");
    assert_eq!(backlog["subject"], "postern.open-requests");
    let worker = scene.world.worker("again").start().await;
    scene.bus.dead_letters_when(1, SOON).await;

    scene.bus.delete_queue("postern.retry.open-requests.16s").await;
    let quorum = json!({"x-queue-type": "quorum"});
    scene.bus.replace_queue("postern.retry.open-requests.4s", &quorum, "nothing").await;
    let report = Report::of(&scene.world).await;
    report.told("rabbitmq.dead_letters", "warning", "1 messages");
    report.told("rabbitmq.topology", "broken", "postern.retry.open-requests.16s");
    let other = report.told("rabbitmq.topology", "broken", "postern.retry.open-requests.4s");
    assert!(other["detail"].as_str().unwrap_or_default().contains("other properties"), "{other}");
    drop(worker);
}

#[tokio::test]
async fn what_is_wrong_with_redis_is_named() {
    let server = PrivateRedis::start().await;
    let mut scene = sound(&server).await;
    let mut connection = end_to_end::redis::connect(&server.url()).await;
    for (name, value) in [("appendonly", "no"), ("maxmemory-policy", "allkeys-lru")] {
        let mut set = redis::cmd("CONFIG");
        let set = set.arg("SET").arg(name).arg(value).query_async::<()>(&mut connection);
        set.await.expect("it is set");
    }
    let report = Report::of(&scene.world).await;
    assert_eq!(report.status, Some(0));
    report.told("redis.appendonly", "warning", "only once");
    report.told("redis.maxmemory_policy", "warning", "allkeys-lru");

    let tokens = scene.world.simulator.token_requests().await;
    scene.world.settings.set("secrets.key", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    Report::of(&scene.world).await.only("redis.secrets_key", "not the key", "find the key");
    assert_eq!(
        scene.world.simulator.token_requests().await,
        tokens,
        "nothing is encrypted with it"
    );
}

#[tokio::test]
async fn what_is_wrong_with_the_account_is_named() {
    let server = PrivateRedis::start().await;
    let mut scene = sound(&server).await;
    let right = json!({"remote_access": true, "blocked": false, "roles": ["site_admin"]});
    account(&scene.world, json!({"remote_access": false})).await;
    Report::of(&scene.world).await.only("salto.rights", "no remote access", "remote access");
    account(&scene.world, right.clone()).await;
    account(&scene.world, json!({"blocked": true})).await;
    let report = Report::of(&scene.world).await;
    assert_eq!(report.status, Some(1), "{:#?}", report.findings);
    account(&scene.world, right.clone()).await;
    account(&scene.world, json!({"roles": ["viewer"]})).await;
    Report::of(&scene.world).await.told("salto.rights", "warning", "viewer");
    account(&scene.world, right).await;

    scene.world.settings.set_integration("site_uid", "NL0000000000");
    Report::of(&scene.world).await.only("salto.site", "NL6254340082", "site_uid");
    scene.world.settings.set_integration("site_uid", "NL6254340082");

    scene.world.settings.set_integration("password", "of-last-year");
    let (granted, denied) = scene.world.simulator.token_requests().await;
    for _ in 0..3 {
        let report = Report::of(&scene.world).await;
        report.only("salto.sign_in", "no call is sent for", "used at once");
    }
    let now = scene.world.simulator.token_requests().await;
    assert_eq!(now, (granted, denied + 1), "rejected credentials rest");
}

#[tokio::test]
async fn clocks_that_differ_and_pauses_are_told() {
    let server = PrivateRedis::start().await;
    let scene = sound(&server).await;
    let simulator = &scene.world.simulator;
    for (offset, level) in [(30, "note"), (-90, "warning"), (400, "broken")] {
        simulator.control(Method::PUT, "clock", Some(json!({"offset_seconds": offset}))).await;
        let report = Report::of(&scene.world).await;
        report.told("salto.clock", level, &format!("{offset:+}")[..2]);
    }
    simulator.control(Method::PUT, "clock", Some(json!({"offset_seconds": 0}))).await;

    simulator
        .fault(json!({"kind": "rate_limit", "retry_after": 3600, "call": "open", "times": 1}))
        .await;
    let failed = scene.open("R-1", BOOKING).await;
    assert_eq!(failed.text("reason"), "rate_limited");
    let report = Report::of(&scene.world).await;
    report.told("salto.pause", "warning", "has asked for a pause");
    assert!(report.findings.iter().all(|it| it["check"] != "salto.sign_in"), "nothing is asked");
}

#[tokio::test]
async fn iqs_the_mapping_and_the_bookings_of_the_hour_are_judged_together() {
    let server = PrivateRedis::start().await;
    let mut world = World::over(end_to_end::broker::Vhost::new().await, server.url()).await;
    unmap(&mut world, "room-nowhere");
    world.activate(IQ_GROUND_FLOOR).await;
    let mut scene = Scene::new(world, 1).await;
    scene.book("room-13").await;
    let mut later = booking_status("later", "paid");
    later["data"]["object_ids"] = json!(["room-14"]);
    later["data"]["starts_at"] = end_to_end::inbound::time(7200).into();
    later["data"]["ends_at"] = end_to_end::inbound::time(9000).into();
    scene.know(&later).await;
    scene.know(&booking_status("cancelled", "cancelled")).await;
    scene.book("sauna").await;

    let report = Report::of(&scene.world).await;
    let iq = report.told("iq", "broken", IQ_FIRST_FLOOR);
    let command = format!("postern iq activate --integration {INTEGRATION} --iq {IQ_FIRST_FLOOR}");
    assert_eq!(iq["next"], command);
    report.told("iq", "ok", "activated and in order: 1");
    report.told("mapping", "broken", "room-13");
    let shut = report.told("bookings", "broken", "iq_not_activated");
    let detail = shut["detail"].as_str().unwrap_or_default();
    assert!(detail.contains("room-13") && !detail.contains("later"), "{detail}");
    report.told("bookings", "broken", "no_lock_mapped: sauna");
    report.told("bookings", "note", "cancelled (cancelled)");

    scene.world.activate(IQ_FIRST_FLOOR).await;
    let lock = "00000000-0000-4000-8000-000000000bad";
    scene.world.settings.map("sauna", lock);
    let report = Report::of(&scene.world).await;
    report.told("mapping", "broken", lock);
    report.told("bookings", "broken", "lock_not_found: sauna");
    unmap(&mut scene.world, "sauna");
    scene.world.settings.set_integration("default_lock", end_to_end::simulator::FRONT_DOOR);
    assert_eq!(Report::of(&scene.world).await.status, Some(0));

    scene.world.simulator.change_iq(IQ_FIRST_FLOOR, json!({"restore_required": true})).await;
    let report = Report::of(&scene.world).await;
    report.told("iq", "broken", "restore");
    report.told("bookings", "broken", "iq_reactivation_required");
    scene
        .world
        .simulator
        .change_iq(IQ_FIRST_FLOOR, json!({"restore_required": false, "online": false}))
        .await;
    Report::of(&scene.world).await.told("iq", "warning", "offline");
}

#[tokio::test]
async fn rejected_passwords_and_a_blocked_user_are_told() {
    let server = PrivateRedis::start().await;
    let scene = sound(&server).await;
    let simulator = &scene.world.simulator;
    simulator.change_settings(json!({"otp_failures": 100})).await;
    simulator.change_iq(IQ_GROUND_FLOOR, json!({"secret": "RotatedByAnApp01"})).await;
    scene.open("R-1", BOOKING).await;
    Report::of(&scene.world).await.told("iq", "warning", "rejected the last 1");
    scene.open("R-2", BOOKING).await;
    scene.open("R-3", BOOKING).await;
    let report = Report::of(&scene.world).await;
    report.told("iq", "broken", "degraded");
    report.told("bookings", "broken", "otp_invalid: B-1");

    let fault = json!({"kind": "status", "status": 403, "error_code": "3102", "message": "otp_blocked", "call": "open", "times": 1});
    simulator.fault(fault).await;
    scene.open("R-4", BOOKING).await;
    let report = Report::of(&scene.world).await;
    report.told("iq", "broken", "no command is sent until");
    report.told("bookings", "broken", "otp_blocked: B-1");
}
