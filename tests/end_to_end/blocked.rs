//! RabbitMQ blocks publishers because of a memory alarm: sessions are kept, nothing new is taken, and operators see it.

use end_to_end::broker::{PrivateBroker, RETRY_QUEUES};
use end_to_end::deadline::{SOON, until_true};
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::{open_request, requests_for};
use end_to_end::setup::Setup;
use end_to_end::worker::Worker;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// The time within which `/readyz` must answer 503.
const NOTICED: Duration = Duration::from_secs(15);
/// Three times as long as the broker may take for a confirm otherwise.
const ALARM: Duration = Duration::from_secs(31);
/// `opening.command_timeout` where a worker is stopped, and the time to stop (docs/contract.md, Health).
const COMMAND_TIMEOUT: &str = "3s";
const STOP_TIME: Duration = Duration::from_secs(3 + 5);
const BEGIN: &str = "RabbitMQ blocks publishers";
const END: &str = "RabbitMQ no longer blocks publishers";

fn times(worker: &Worker, text: &str) -> usize {
    worker.log().matches(&format!("\"{text}")).count()
}

async fn blocked(worker: &Worker) {
    worker.unready(NOTICED).await;
    let expected = json!({"ready": false, "subscribed": true, "redis": true, "blocked": true});
    assert_eq!(worker.readiness().await, expected);
    assert!(worker.metrics().await.contains("postern_broker_blocked 1"));
}

/// The session is the first one.
fn one_session(worker: &Worker) {
    let log = worker.log();
    assert_eq!((times(worker, "subscribed"), times(worker, "session lost")), (1, 0), "{log}");
    assert_eq!((times(worker, BEGIN), times(worker, END)), (1, 1), "{log}");
}

/// Publishes requests that a slow Salto answers, and waits until some are open.
async fn under_load(fixture: &Fixture, requests: usize) -> Vec<Value> {
    let delay = json!({"kind": "delay", "delay_ms": 800, "call": "open"});
    fixture.setup.simulator.add_fault(delay).await;
    let requests = requests_for(&fixture.store_rooms().await, requests);
    fixture.bus.open_requests(&requests).await;
    fixture.setup.simulator.wait_for_openings(4, SOON).await;
    requests
}

/// What `postern` prints on standard error where it fails.
async fn error_of(fixture: &Fixture, arguments: &[&str]) -> String {
    let output = fixture.setup.postern(arguments).await;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {text}");
    text
}

/// The commands that publish, and `doctor`, say what is the matter.
async fn commands_say_so(fixture: &Fixture) {
    let output = fixture.setup.postern(&["doctor", "--output", "json"]).await;
    assert_eq!(output.status.code(), Some(1));
    let findings = String::from_utf8(output.stdout).expect("JSON is text");
    let mut findings = findings.lines().map(|it| serde_json::from_str(it).expect("an object"));
    let finding: Value = findings
        .find(|it: &Value| it["check"] == "rabbitmq.publishing")
        .expect("doctor checks publishing");
    assert_eq!(finding["level"], "broken", "{finding}");
    assert!(finding["detail"].as_str().unwrap_or_default().contains("blocks publishers"));

    let (integration, publish) = (["--integration", "acme-utrecht"], ["publish", "open-request"]);
    let arguments = [&publish[..], &integration, &["--booking", BOOKING]].concat();
    assert!(error_of(fixture, &arguments).await.contains(BEGIN));
    assert!(error_of(fixture, &["dlq", "replay", "--all"]).await.contains(BEGIN));
}

#[tokio::test]
async fn an_alarm_of_the_broker_costs_no_session_no_delivery_and_no_copy() {
    let broker = PrivateBroker::start().await;
    let mut setup = Setup::on_broker(&broker).await;
    setup.settings.set("opening.request_ttl", "5m");
    setup.settings.set("broker.prefetch", 8);
    setup.settings.set("opening.in_flight_per_iq", 8);
    setup.settings.set("opening.in_flight_per_integration", 8);
    let fixture = Fixture::new(setup, 1).await;
    let (worker, simulator) = (&fixture.workers[0], &fixture.setup.simulator);
    fixture.bus.publish("postern.inbound", "lock.open-request", &json!({"is": "no event"})).await;
    fixture.bus.wait_for_dead_letters(1, SOON).await;

    let requests = under_load(&fixture, 150).await;
    broker.raise_alarm().await;
    let raised = Instant::now();
    blocked(worker).await;
    let answered = fixture.outbound.ended_so_far();
    assert!(answered < requests.len(), "it was raised in the middle");
    commands_say_so(&fixture).await;
    tokio::time::sleep(ALARM.saturating_sub(raised.elapsed())).await;
    blocked(worker).await;
    let opened = simulator.opening_count().await;
    assert!(opened <= answered as u64 + 8 + 1, "{opened} opened, {answered} answered");

    broker.clear_alarm().await;
    worker.ready(SOON).await;
    fixture.outbound.ended(requests.len(), SOON * 3).await;
    worker.idle(SOON).await;
    fixture.outbound.catch_up().await;
    for (id, ends) in fixture.outbound.terminals() {
        let end = fixture.outbound.only_terminal(&id);
        assert_eq!((&*end.kind, &end.data["attempts"]), ("lock.opened.v1", &json!(1)), "{id}");
        assert_eq!(ends.len(), 1, "copies of the answer to {id}");
    }
    assert_eq!(simulator.opening_count().await, requests.len() as u64);
    one_session(worker);
    assert!(worker.metrics().await.contains("postern_broker_blocked 0"));
    assert_eq!(fixture.bus.waiting("postern.open-requests").await, Some(0));
    assert_eq!(fixture.bus.dead_letters().await.len(), 1, "the first one, which stays");
}

#[tokio::test]
async fn idle_starting_and_stopping_workers_survive_an_alarm() {
    let broker = PrivateBroker::start().await;
    let mut setup = Setup::on_broker(&broker).await;
    setup.settings.set("opening.request_ttl", "5m");
    setup.settings.set("opening.command_timeout", COMMAND_TIMEOUT);
    let mut fixture = Fixture::new(setup, 1).await;
    // It is parked for 16 s, so it comes back while the alarm is known.
    let pause = json!({"kind": "rate_limit", "retry_after": 20, "call": "open", "times": 1});
    fixture.setup.simulator.add_fault(pause).await;
    fixture.bus.open_request(&open_request("parked", BOOKING)).await;
    let parked = async || {
        let mut count = 0;
        for queue in RETRY_QUEUES {
            count += fixture.bus.waiting(queue).await.unwrap_or_default();
        }
        count
    };
    until_true("the request to be parked", SOON, || async { parked().await == 1 }).await;
    fixture.workers[0].idle(SOON).await;

    broker.raise_alarm().await;
    blocked(&fixture.workers[0]).await;
    let late = fixture.setup.worker("late").spawn();
    late.wait_for_log(BEGIN, SOON).await;
    assert_eq!(late.status_of("/readyz").await, Some(503));
    until_true("the request to be delivered", SOON * 2, || async {
        parked().await == 0 && fixture.bus.waiting("postern.open-requests").await == Some(0)
    })
    .await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    // It is not taken.
    fixture.workers[0].idle(Duration::from_millis(200)).await;
    assert_eq!(fixture.setup.simulator.commands().await.len(), 1);

    broker.clear_alarm().await;
    assert_eq!(fixture.outbound.terminal("parked", SOON * 2).await.kind, "lock.opened.v1");
    fixture.workers[0].ready(SOON).await;
    one_session(&fixture.workers[0]);
    late.ready(SOON).await;
    one_session(&late);
    fixture.workers.push(late);

    broker.raise_alarm().await;
    for worker in &fixture.workers {
        blocked(worker).await;
    }
    broker.clear_alarm().await;
    for worker in &fixture.workers {
        worker.ready(SOON).await;
    }
    stopped_during_an_alarm(&broker, &fixture).await;
}

/// A worker with answers that it cannot publish is stopped; another one publishes them after the alarm.
async fn stopped_during_an_alarm(broker: &PrivateBroker, fixture: &Fixture) {
    let requests = under_load(fixture, 100).await;
    broker.raise_alarm().await;
    for worker in &fixture.workers {
        worker.unready(NOTICED).await;
    }
    assert_eq!(fixture.workers[0].stop(STOP_TIME).await.code(), Some(0));
    let log = fixture.workers[0].log();
    assert!(!log.contains("stopping with unsettled messages"), "it waited for the end: {log}");
    broker.clear_alarm().await;
    fixture.outbound.ended(requests.len() + 1, SOON * 3).await;
    fixture.workers[1].idle(SOON).await;
    fixture.outbound.catch_up().await;
    for id in fixture.outbound.terminals().keys() {
        assert_eq!(fixture.outbound.only_terminal(id).kind, "lock.opened.v1", "{id}");
    }
    let opened = fixture.setup.simulator.opening_count().await;
    assert_eq!(opened, requests.len() as u64 + 1, "each once");
    assert_eq!(fixture.bus.waiting("postern.open-requests").await, Some(0));
    assert_eq!(fixture.bus.dead_letters().await, []);
}
