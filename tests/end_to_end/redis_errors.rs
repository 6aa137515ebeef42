//! Redis answers scripts with errors, and takes everything else: messages wait, whatever the error says.

use end_to_end::broker::{BOOKING_RETRY_QUEUES, Vhost};
use end_to_end::deadline::{SOON, until_true};
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::{INTEGRATION, booking_status, open_request};
use end_to_end::redis;
use end_to_end::resp_proxy::{RespProxy, SCRIPTS};
use end_to_end::services;
use end_to_end::setup::Setup;
use end_to_end::simulator::{IQ_FIRST_FLOOR, IQ_GROUND_FLOOR};
use std::time::Duration;

/// The time within which `/readyz` must answer 503 (docs/contract.md, Health).
const NOTICED: Duration = Duration::from_secs(15);

/// For how long each error is the answer: longer than the first attempts of a message take.
const EACH: Duration = Duration::from_secs(2);

/// Of an ACL, a failover, proxies, and a Redis before version 7 that is a replica by now.
const ERRORS: [&str; 5] = [
    "NOPERM this user has no permissions to run the 'evalsha' command",
    "ERR Error running script (call to f_6b1bf486c81ceb7edf3c093f4c48582e38c0e791): @user_script:9: @user_script: 9: \
     -READONLY You can't write against a read only replica. ",
    "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)",
    "ERR max number of clients reached",
    "no upstream host",
];

#[tokio::test]
async fn errors_of_redis_are_not_the_fault_of_messages_and_a_cancellation_among_them_holds() {
    let proxy = RespProxy::before(&services::redis_url()).await;
    let mut setup = Setup::over(Vhost::new().await, proxy.url().to_owned()).await;
    setup.activate(IQ_GROUND_FLOOR).await;
    setup.activate(IQ_FIRST_FLOOR).await;
    setup.settings.set("opening.request_ttl", "5m");
    let fixture = Fixture::new(setup, 1).await;
    let worker = &fixture.workers[0];
    fixture.store_status(&booking_status("B-2", "paid")).await;
    assert_eq!(fixture.open("before", "B-2").await.kind, "lock.opened.v1");
    let stored = fixture.settled("booking-status").await;

    proxy.refuse(SCRIPTS, ERRORS[0]);
    let mut cancellation = booking_status(BOOKING, "cancelled");
    cancellation["data"]["revision"] = 1.into();
    fixture.bus.booking(&cancellation).await;
    fixture.bus.open_request(&open_request("waits", "B-2")).await;
    worker.unready(NOTICED).await;
    for error in ERRORS {
        proxy.refuse(SCRIPTS, error);
        tokio::time::sleep(EACH).await;
        assert_eq!(worker.status_of("/readyz").await, Some(503), "{error}");
    }
    assert_eq!(fixture.bus.dead_letters().await, []);
    assert_eq!(fixture.settled("booking-status").await, stored, "the cancellation waits");

    proxy.pass();
    worker.ready(SOON).await;
    assert_eq!(fixture.outbound.terminal("waits", SOON).await.kind, "lock.opened.v1");
    fixture.wait_until_settled("booking-status", stored + 1).await;
    let rejected = fixture.open("cancelled", BOOKING).await;
    let found = (&*rejected.kind, rejected.text("reason"));
    assert_eq!(found, ("lock.open-rejected.v1", "status_not_allowed"));
    assert_eq!(fixture.setup.simulator.opening_count().await, 2, "\"before\" and \"waits\"");
    assert_eq!(fixture.bus.dead_letters().await, []);
}

/// Many more than the places of a worker: each waits for the repair all the same, and none in a place.
#[tokio::test]
async fn many_messages_with_damaged_records_wait_for_the_repair_without_a_place() {
    const DAMAGED: u32 = 40;
    let mut setup = Setup::new().await;
    setup.settings.set("broker.prefetch", 8);
    let fixture = Fixture::new(setup, 1).await;
    let stored = fixture.settled("booking-status").await;
    let (url, prefix) = (fixture.setup.redis_url(), fixture.setup.key_prefix());
    let booking = |number: u32| format!("damaged-{number}");
    for number in 0..DAMAGED {
        let key = format!("{prefix}booking:{INTEGRATION}:{}", booking(number));
        redis::set(url, &key, "not a hash").await;
        fixture.bus.booking(&booking_status(&booking(number), "paid")).await;
    }
    until_true("all of them to be parked for a longer time", SOON, || async {
        let mut waiting = 0;
        for queue in &BOOKING_RETRY_QUEUES[2..] {
            waiting += fixture.bus.waiting(queue).await.unwrap_or_default();
        }
        waiting == DAMAGED
    })
    .await;
    fixture.store_status(&booking_status("healthy", "paid")).await;
    assert_eq!(fixture.bus.dead_letters().await, []);

    redis::forget(url, prefix, "damaged-").await;
    fixture.wait_until_settled("booking-status", stored + 1 + u64::from(DAMAGED)).await;
    assert_eq!(fixture.open("R-1", &booking(7)).await.kind, "lock.opened.v1");
    assert_eq!(fixture.bus.dead_letters().await, []);
}
