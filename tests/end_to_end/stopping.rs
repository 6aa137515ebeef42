//! SIGTERM: commands that were sent finish, all other messages go back to the queue, and the process ends in time with
//! status 0.

use end_to_end::deadline::{SOON, until_true, within};
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::{booking_status, open_request, requests_for};
use end_to_end::ports::free_port;
use end_to_end::setup::Setup;
use nix::sys::signal::Signal;
use serde_json::json;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

/// `opening.command_timeout` in these tests.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(3);
/// The time to stop (docs/contract.md, Health).
const STOP_TIME: Duration = Duration::from_secs(3 + 5);

async fn setup() -> Setup {
    let mut setup = Setup::new().await;
    setup.settings.set("opening.command_timeout", format!("{}s", COMMAND_TIMEOUT.as_secs()));
    setup.settings.set("opening.resend_window", "0s");
    setup
}

#[tokio::test]
async fn a_worker_stopped_under_load_loses_and_duplicates_nothing() {
    let mut setup = setup().await;
    setup.settings.set("broker.prefetch", 8);
    setup.settings.set("opening.in_flight_per_iq", 16);
    let fixture = Fixture::new(setup, 2).await;
    let simulator = &fixture.setup.simulator;
    simulator.add_fault(json!({"kind": "delay", "delay_ms": 400, "call": "open"})).await;
    let requests = requests_for(&fixture.store_rooms().await, 150);
    fixture.bus.open_requests(&requests).await;
    simulator.wait_for_openings(20, SOON).await;
    let stopped = &fixture.workers[0];
    assert!(stopped.settled("open-requests").await > 0, "it has had work");
    assert_eq!(stopped.stop(STOP_TIME).await.code(), Some(0));
    assert!(fixture.outbound.ended_so_far() < requests.len(), "it was stopped in the middle");

    fixture.outbound.ended(requests.len(), SOON * 2).await;
    fixture.workers[1].idle(SOON).await;
    fixture.outbound.catch_up().await;
    for request in &requests {
        let id = request["id"].as_str().expect("an id is text");
        let end = fixture.outbound.only_terminal(id);
        assert_eq!((&*end.kind, &end.data["attempts"]), ("lock.opened.v1", &json!(1)), "{id}");
    }
    assert_eq!(simulator.opening_count().await, requests.len() as u64);
    assert_eq!(simulator.counters().await["commands"], requests.len());
    let answer: usize = fixture.outbound.terminals().values().map(Vec::len).sum();
    assert_eq!(answer, requests.len(), "what it had sent, it settled itself");
    assert_eq!(fixture.bus.waiting("postern.open-requests").await, Some(0));
    assert_eq!(fixture.bus.dead_letters().await, []);
}

#[tokio::test]
async fn a_sent_command_is_settled_before_the_end() {
    let fixture = Fixture::new(setup().await, 1).await;
    let simulator = &fixture.setup.simulator;
    let slow = json!({"kind": "delay", "delay_ms": 1500, "carried_out": true, "call": "open"});
    simulator.add_fault(slow).await;
    let requests = requests_for(&fixture.store_rooms().await, 4);
    fixture.bus.open_requests(&requests).await;
    simulator.wait_for_openings(4, SOON).await;
    assert_eq!(fixture.outbound.ended_so_far(), 0, "the answers are on their way");
    assert_eq!(fixture.workers[0].stop(STOP_TIME).await.code(), Some(0));

    fixture.outbound.ended(4, SOON).await;
    assert_eq!(fixture.bus.waiting("postern.open-requests").await, Some(0));
    assert!(!fixture.workers[0].log().contains("delivery requeued"), "nothing is left to others");
}

#[tokio::test]
async fn a_worker_that_connects_stops_without_a_panic() {
    let mut setup = setup().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("it has an address").port();
    setup.settings.set("broker.url", format!("amqp://guest:guest@127.0.0.1:{port}"));
    // It depends on the moment: of single workers with that mistake, about one of 25 panicked.
    let workers: Vec<_> =
        (0..10).map(|number| setup.worker(&format!("worker-{number}")).spawn()).collect();
    let mut connections = Vec::new();
    for _ in &workers {
        let (mut connection, _) =
            within("the connection", SOON, listener.accept()).await.expect("a connection");
        let mut header = [0; 8];
        within("AMQP's header", SOON, connection.read_exact(&mut header)).await.expect("a header");
        connections.push(connection);
    }
    // The connections' threads wait for an answer, with a time limit, when the rest of the processes has ended.
    for worker in &workers {
        assert_eq!(worker.stop(STOP_TIME).await.code(), Some(0));
        assert!(!worker.log().contains("panicked"), "{}", worker.log());
    }
}

#[tokio::test]
async fn an_unanswered_command_does_not_delay_the_end() {
    let fixture = Fixture::new(setup().await, 1).await;
    let simulator = &fixture.setup.simulator;
    simulator.add_fault(json!({"kind": "no_answer", "call": "open", "carried_out": true})).await;
    fixture.bus.open_request(&open_request("R-1", BOOKING)).await;
    simulator.wait_for_commands(1, SOON).await;
    assert_eq!(fixture.workers[0].stop(STOP_TIME).await.code(), Some(0));

    // The result was settled before the end, or the next worker knows of the command.
    let second = fixture.setup.worker("second").start().await;
    let end = fixture.outbound.terminal("R-1", SOON).await;
    second.idle(SOON).await;
    fixture.outbound.catch_up().await;
    assert_eq!((end.text("reason"), &end.data["attempts"]), ("outcome_unknown", &json!(1)));
    assert_eq!(fixture.outbound.only_terminal("R-1"), end);
    assert_eq!(simulator.commands().await.len(), 1);
    assert_eq!(fixture.bus.dead_letters().await.len(), 1);
    assert_eq!(fixture.bus.waiting("postern.open-requests").await, Some(0));
}

#[tokio::test]
async fn a_request_that_waits_for_another_attempt_is_requeued_at_once() {
    let fixture = Fixture::new(setup().await, 1).await;
    let simulator = &fixture.setup.simulator;
    simulator.add_fault(json!({"kind": "status", "status": 503, "call": "open"})).await;
    for number in 0..5 {
        fixture.bus.open_request(&open_request(&format!("r-{number}"), BOOKING)).await;
    }
    simulator.wait_for_commands(10, SOON).await;
    assert_eq!(fixture.workers[0].stop(STOP_TIME).await.code(), Some(0));
    simulator.clear_faults().await;

    let second = fixture.setup.worker("second").start().await;
    second.wait_until_settled("open-requests", 5, SOON).await;
    fixture.outbound.catch_up().await;
    let mut attempts = 0;
    for number in 0..5 {
        let end = fixture.outbound.only_terminal(&format!("r-{number}"));
        assert_eq!(end.kind, "lock.opened.v1", "{end:?}");
        attempts += end.data["attempts"].as_u64().expect("a number");
    }
    assert_eq!(simulator.opening_count().await, 5);
    assert_eq!(simulator.counters().await["commands"], attempts, "both workers' commands count");
}

#[tokio::test]
async fn a_second_signal_ends_a_worker_at_once() {
    let mut setup = setup().await;
    setup.settings.set("opening.command_timeout", "40s");
    let fixture = Fixture::new(setup, 1).await;
    let fault = json!({"kind": "no_answer", "call": "open", "hold_ms": 60_000});
    fixture.setup.simulator.add_fault(fault).await;
    fixture.bus.open_request(&open_request("R-1", BOOKING)).await;
    fixture.setup.simulator.wait_for_commands(1, SOON).await;
    let worker = &fixture.workers[0];
    worker.signal(Signal::SIGTERM);
    worker.wait_for_log("stopping", SOON).await;
    assert_eq!(worker.stop(SOON).await.code(), Some(143));
}

#[tokio::test]
async fn a_worker_can_be_stopped_while_it_waits_for_its_servers() {
    let mut setup = Setup::unactivated().await;
    setup.settings.set("broker.url", format!("amqp://guest:guest@127.0.0.1:{}/%2f", free_port()));
    let without_broker = setup.worker("without-broker").spawn();
    without_broker.wait_for_log("no session with RabbitMQ", SOON).await;
    setup.settings.set("broker.url", setup.vhost.url().to_owned());
    setup.settings.set("redis.url", format!("redis://127.0.0.1:{}/0", free_port()));
    let forgetful = setup.worker("without-redis").spawn();
    forgetful.wait_for_log("waiting for Redis", SOON).await;
    for worker in [without_broker, forgetful] {
        assert_eq!(worker.status_of("/livez").await, Some(200));
        assert_eq!(worker.status_of("/readyz").await, Some(503));
        assert_eq!(worker.stop(SOON).await.code(), Some(0));
    }
}

#[tokio::test]
async fn a_stopped_worker_leaves_bookings_to_other_workers() {
    let setup = setup().await;
    let first = setup.worker("first").start().await;
    let bus = setup.vhost.bus().await;
    let outbound = bus.listen().await;
    for number in 0..200 {
        bus.booking(&booking_status(&format!("b-{number}"), "paid")).await;
        if number == 100 {
            first.signal(Signal::SIGTERM);
        }
    }
    assert_eq!(first.ended(STOP_TIME).await.code(), Some(0));
    let second = setup.worker("second").start().await;
    until_true("the bookings to be taken", SOON, || async {
        bus.waiting("postern.booking-status").await == Some(0)
    })
    .await;
    second.idle(SOON).await;
    for number in [0, 99, 100, 101, 199] {
        bus.open_request(&open_request(&format!("r-{number}"), &format!("b-{number}"))).await;
        let end = outbound.terminal(&format!("r-{number}"), SOON).await;
        assert_eq!(end.kind, "lock.opened.v1", "{number}");
    }
}
