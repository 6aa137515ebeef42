//! No queue is bound for an event: the broker returns it, and it is published again without a second command.

use crate::operator::postern;
use end_to_end::deadline::{SOON, until, until_true};
use end_to_end::inbound::{INTEGRATION, SOURCE, booking_status, open_request};
use end_to_end::setup::Setup;
use end_to_end::worker::Worker;
use serde_json::Value;

async fn setup_without_bound_queue() -> (Setup, Worker) {
    let setup = Setup::new().await;
    let worker = setup.worker("first").start().await;
    let bus = setup.vhost.bus().await;
    bus.booking(&booking_status("B-1", "paid")).await;
    worker.wait_until_settled("booking-status", 1, SOON).await;
    (setup, worker)
}

#[tokio::test]
async fn a_returned_answer_is_published_when_a_queue_is_bound() {
    let (setup, worker) = setup_without_bound_queue().await;
    let bus = setup.vhost.bus().await;
    bus.open_request(&open_request("R-1", "B-1")).await;
    worker.wait_for_log("not published yet", SOON).await;
    assert_eq!(worker.settled("open-requests").await, 0, "not published, not acknowledged");

    let outbound = bus.listen().await;
    worker.wait_until_settled("open-requests", 1, SOON).await;
    outbound.catch_up().await;
    assert_eq!(outbound.only_terminal("R-1").kind, "lock.opened.v1");
    assert_eq!(outbound.check_ins("B-1").len(), 1);
    assert_eq!(outbound.events().len(), 2, "{:?}", outbound.events());
    assert_eq!(setup.simulator.commands().await.len(), 1);
}

#[tokio::test]
async fn a_returned_answer_is_published_after_its_worker_has_ended() {
    let (setup, first) = setup_without_bound_queue().await;
    let bus = setup.vhost.bus().await;
    bus.open_request(&open_request("R-1", "B-1")).await;
    first.wait_for_log("not published yet", SOON).await;
    assert!(first.stop(SOON).await.success());

    let second = setup.worker("second").start().await;
    second.wait_for_log("not published yet", SOON).await;
    let outbound = bus.listen().await;
    second.wait_until_settled("open-requests", 1, SOON).await;
    outbound.catch_up().await;
    assert_eq!(outbound.only_terminal("R-1").kind, "lock.opened.v1");
    assert_eq!(outbound.check_ins("B-1").len(), 1);
    assert_eq!(setup.simulator.commands().await.len(), 1);
}

/// docs/contract.md, invariant 1: an event that the broker has confirmed is not published again because the other event
/// of the same answer found no queue.
#[tokio::test]
async fn a_check_in_without_a_queue_does_not_repeat_the_opening() {
    let (setup, worker) = setup_without_bound_queue().await;
    let bus = setup.vhost.bus().await;
    let outbound = bus.listen().await;
    let (queue, exchange) = ("test.outbound", "postern.outbound");
    for pattern in ["lock.#", "test.#"] {
        bus.bind(queue, exchange, pattern).await;
    }
    bus.unbind(queue, exchange, "#").await;
    bus.open_request(&open_request("R-1", "B-1")).await;
    until("the request to be parked again", SOON, async || {
        let metrics = worker.metrics().await;
        let parked = r#"postern_requests_parked_total{reason="answer_queue"} 2"#;
        metrics.contains(parked).then_some(())
    })
    .await;
    outbound.catch_up().await;
    assert_eq!(outbound.events().len(), 1, "{:?}", outbound.events());

    bus.bind(queue, exchange, "booking.#").await;
    worker.wait_until_settled("open-requests", 1, SOON).await;
    outbound.catch_up().await;
    assert_eq!(outbound.only_terminal("R-1").kind, "lock.opened.v1");
    assert_eq!(outbound.check_ins("B-1").len(), 1);
    assert_eq!(outbound.events().len(), 2, "{:?}", outbound.events());
    assert_eq!(setup.simulator.commands().await.len(), 1);
}

/// What doctor says of listeners: level and subject.
async fn listeners(setup: &Setup) -> Vec<(Value, Value)> {
    let findings = postern(setup, &["doctor"]).await.rows.into_iter();
    let found = findings.filter(|it| it["check"] == "rabbitmq.listeners");
    found.map(|it| (it["level"].clone(), it["subject"].clone())).collect()
}

async fn waits_for_queue(setup: &Setup, request: &str) -> Value {
    let arguments = ["explain", request, "--source", SOURCE];
    let explained = postern(setup, &arguments).await.assert_done().rows.remove(0);
    let request = &explained["request"];
    assert_eq!(request["waits_for_queue"].is_null(), request["no_queue_since"].is_null());
    request["waits_for_queue"].clone()
}

async fn wait_for_metric(worker: &Worker, line: &str) {
    until_true(line, SOON, || async { worker.metrics().await.lines().any(|it| it == line) }).await;
}

#[tokio::test]
async fn an_answer_without_a_queue_is_visible_until_one_is_bound() {
    let (setup, worker) = setup_without_bound_queue().await;
    let second = setup.worker("second").start().await;
    let bus = setup.vhost.bus().await;
    assert_eq!(listeners(&setup).await, [("ok".into(), "postern.outbound".into())]);
    bus.open_request(&open_request("R-1", "B-1")).await;
    for worker in [&worker, &second] {
        wait_for_metric(worker, "postern_unrouted_routing_keys 1").await;
    }
    let routing_key = format!("lock.opened.{INTEGRATION}");
    assert_eq!(listeners(&setup).await, [("broken".into(), routing_key.as_str().into())]);
    assert_eq!(waits_for_queue(&setup, "R-1").await, routing_key.as_str());

    let outbound = bus.listen().await;
    outbound.terminal("R-1", SOON).await;
    for worker in [&worker, &second] {
        wait_for_metric(worker, "postern_unrouted_routing_keys 0").await;
    }
    assert_eq!(listeners(&setup).await, [("ok".into(), "postern.outbound".into())]);
    assert_eq!(waits_for_queue(&setup, "R-1").await, Value::Null);
}
