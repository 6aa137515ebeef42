//! Single answers of RabbitMQ are wrong or lost: a subscription is believed lost only where it is, and no answer is.

use end_to_end::amqp_proxy::AmqpProxy;
use end_to_end::deadline::{SOON, until_true};
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::open_request;
use end_to_end::setup::Setup;
use std::time::{Duration, Instant};

/// The time within which `/readyz` must answer 503 (docs/contract.md, Health).
const NOTICED: Duration = Duration::from_secs(15);
/// A subscription without any sign of life is given up after 20 s.
const LONGER: Duration = Duration::from_secs(26);
const QUEUE: &str = "postern.open-requests";

/// One worker, whose connections lead through the proxy; the test's do not.
async fn through_a_proxy() -> (AmqpProxy, Fixture) {
    let mut setup = Setup::new().await;
    let proxy = AmqpProxy::before(setup.vhost.url()).await;
    setup.settings.set("broker.url", setup.vhost.url_through(proxy.port()));
    (proxy, Fixture::new(setup, 1).await)
}

fn sessions(fixture: &Fixture) -> (usize, usize) {
    let log = fixture.workers[0].log();
    (log.matches("\"subscribed\"").count(), log.matches("\"session lost\"").count())
}

#[tokio::test]
async fn a_queue_that_seems_to_have_no_consumer_costs_no_session() {
    let (proxy, fixture) = through_a_proxy().await;
    // Without a delivery, but only for a few answers.
    proxy.show_empty(QUEUE, 3);
    until_true("the answers to be given", SOON * 2, || async { proxy.empty_answers_left() == 0 })
        .await;
    fixture.workers[0].ready(SOON).await;
    // For long, while messages are delivered.
    proxy.show_empty(QUEUE, u32::MAX);
    let begun = Instant::now();
    let mut number = 0;
    while begun.elapsed() < LONGER {
        number += 1;
        assert_eq!(fixture.open(&format!("R-{number}"), BOOKING).await.kind, "lock.opened.v1");
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    assert!(proxy.empty_answers_left() < u32::MAX - 4, "it was asked");
    assert_eq!(sessions(&fixture), (1, 0), "{}", fixture.workers[0].log());
}

#[tokio::test]
async fn a_consumer_that_is_lost_is_noticed() {
    let (proxy, fixture) = through_a_proxy().await;
    let worker = &fixture.workers[0];
    until_true("a consumer to be ended", SOON, || async { proxy.cancel_consumers(QUEUE) > 0 })
        .await;
    worker.unready(NOTICED).await;
    fixture.bus.open_request(&open_request("R-1", BOOKING)).await;
    assert_eq!(fixture.outbound.terminal("R-1", SOON * 2).await.kind, "lock.opened.v1");
    worker.ready(SOON).await;

    proxy.show_empty(QUEUE, u32::MAX);
    worker.unready(NOTICED).await;
    worker.wait_for_log("postern.open-requests has no consumer", SOON * 2).await;
    proxy.show_empty(QUEUE, 0);
    worker.ready(SOON * 2).await;
    assert_eq!(fixture.open("R-2", BOOKING).await.kind, "lock.opened.v1");
}

#[tokio::test]
async fn a_quiet_queue_that_cannot_be_subscribed_to_anew_costs_no_session() {
    let (proxy, fixture) = through_a_proxy().await;
    proxy.drop_consumer_answers(QUEUE, 1);
    until_true("a new subscription", SOON * 2, || async { proxy.consumer_answers_left() == 0 })
        .await;
    // The worker gives that subscription up after a few seconds.
    until_true("the old subscription alone", SOON, || async {
        fixture.bus.consumers(QUEUE).await == Some(1)
    })
    .await;
    assert_eq!(fixture.open("R-1", BOOKING).await.kind, "lock.opened.v1");
    assert_eq!(sessions(&fixture), (1, 0), "{}", fixture.workers[0].log());
}

#[tokio::test]
async fn a_lost_confirm_leads_to_one_copy_of_the_event() {
    let (proxy, fixture) = through_a_proxy().await;
    // The first opening of a booking has a second event, the check-in.
    assert_eq!(fixture.open("R-1", BOOKING).await.kind, "lock.opened.v1");
    fixture.wait_until_settled("open-requests", 1).await;
    proxy.drop_confirms("postern.outbound", 1);
    fixture.bus.open_request(&open_request("R-2", BOOKING)).await;
    fixture.wait_until_settled("open-requests", 2).await;
    fixture.outbound.catch_up().await;
    let ends = &fixture.outbound.terminals()["R-2"];
    assert_eq!(ends.len(), 2, "{ends:?}");
    assert_eq!(fixture.outbound.only_terminal("R-2").kind, "lock.opened.v1");
    assert_eq!(fixture.setup.simulator.opening_count().await, 2, "each request once");
    assert_eq!(sessions(&fixture), (2, 1));
    assert_eq!(fixture.bus.waiting(QUEUE).await, Some(0));
    assert_eq!(fixture.bus.dead_letters().await, []);
}
