//! Nobody is bound to `postern.outbound`: the broker hands the event back, and it is tried again without a second command.

use end_to_end::deadline::SOON;
use end_to_end::inbound::{booking_status, open_request};
use end_to_end::worker::Worker;
use end_to_end::world::World;

async fn deaf_world() -> (World, Worker) {
    let world = World::new().await;
    let worker = world.worker("first").start().await;
    let bus = world.vhost.bus().await;
    bus.booking(&booking_status("B-1", "paid")).await;
    worker.settles("booking-status", 1, SOON).await;
    (world, worker)
}

#[tokio::test]
async fn an_answer_that_nobody_hears_is_told_when_somebody_listens() {
    let (world, worker) = deaf_world().await;
    let bus = world.vhost.bus().await;
    bus.open_request(&open_request("R-1", "B-1")).await;
    worker.says("not published yet", SOON).await;
    assert_eq!(worker.settled("open-requests").await, 0, "not told, not acknowledged");

    let outbox = bus.listen().await;
    worker.settles("open-requests", 1, SOON).await;
    outbox.catch_up().await;
    assert_eq!(outbox.only_terminal("R-1").kind, "lock.opened.v1");
    assert_eq!(outbox.check_ins("B-1").len(), 1);
    assert_eq!(outbox.events().len(), 2, "{:?}", outbox.events());
    assert_eq!(world.simulator.commands().await.len(), 1);
}

#[tokio::test]
async fn an_untold_answer_outlives_its_worker() {
    let (world, first) = deaf_world().await;
    let bus = world.vhost.bus().await;
    bus.open_request(&open_request("R-1", "B-1")).await;
    first.says("not published yet", SOON).await;
    assert!(first.stop(SOON).await.success());

    let second = world.worker("second").start().await;
    second.says("not published yet", SOON).await;
    let outbox = bus.listen().await;
    second.settles("open-requests", 1, SOON).await;
    outbox.catch_up().await;
    assert_eq!(outbox.only_terminal("R-1").kind, "lock.opened.v1");
    assert_eq!(outbox.check_ins("B-1").len(), 1);
    assert_eq!(world.simulator.commands().await.len(), 1);
}
