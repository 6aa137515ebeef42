//! Tests of the harness itself: servers and processes can be started, killed and restarted.

use end_to_end::broker::{PrivateBroker, Vhost};
use end_to_end::deadline::SOON;
use end_to_end::inbound::{booking_status, open_request};
use end_to_end::processes::Process;
use end_to_end::redis::{self, PrivateRedis};
use end_to_end::setup::Setup;
use end_to_end::simulator::ROOM_12;
use serde_json::json;
use std::process::Command;

fn opened(id: &str) -> serde_json::Value {
    json!({"id": id, "source": "/test", "type": "lock.opened.v1", "data": {"request_id": id}})
}

#[tokio::test]
async fn a_killed_broker_restarts_with_its_queues_and_the_listener_continues() {
    let mut broker = PrivateBroker::start().await;
    let vhost = broker.vhost().await;
    let outbound = vhost.bus().await.listen().await;
    vhost.bus().await.publish("postern.outbound", "lock.opened.x", &opened("before")).await;
    outbound.terminal("before", SOON).await;

    broker.kill().await;
    broker.restart().await;

    vhost.bus().await.publish("postern.outbound", "lock.opened.x", &opened("after")).await;
    outbound.terminal("after", SOON).await;
    assert_eq!(outbound.terminals().len(), 2);
    broker.stop().await;
}

#[tokio::test]
async fn the_connections_of_a_vhost_can_be_closed_and_the_listener_reconnects() {
    let vhost = Vhost::new().await;
    let outbound = vhost.bus().await.listen().await;
    end_to_end::deadline::until("the connections to be seen", SOON, || async {
        (vhost.close_connections().await > 0).then_some(())
    })
    .await;
    vhost.bus().await.publish("postern.outbound", "lock.opened.x", &opened("one")).await;
    outbound.terminal("one", SOON).await;
}

#[tokio::test]
async fn a_killed_redis_restarts_with_the_data_that_it_had_confirmed() {
    let mut server = PrivateRedis::start().await;
    let mut connection = redis::connect(&server.url()).await;
    let set = |key: &str| deadpool_redis::redis::cmd("SET").arg(key).arg("kept").clone();
    set("here:a").query_async::<()>(&mut connection).await.expect("it is set");
    set("there:b").query_async::<()>(&mut connection).await.expect("it is set");

    server.kill().await;
    server.restart().await;

    let contents = redis::contents(&server.url(), "here:").await;
    assert_eq!(contents, [("here:a".to_owned(), b"kept".to_vec())]);
}

#[tokio::test]
async fn a_child_ends_when_dropped_and_its_output_is_kept() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let child = Process::start(
        "child",
        directory.path(),
        Command::new("bash").args(["-c", "echo here; sleep 600"]),
    );
    child.wait_for_log("here", SOON).await;
    let pid = child.pid();
    assert!(std::path::Path::new(&format!("/proc/{pid}")).exists());
    drop(child);
    assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
}

#[tokio::test]
async fn a_worker_opens_a_door_in_a_setup_of_its_own() {
    let setup = Setup::new().await;
    let worker = setup.worker("one").start().await;
    let bus = setup.vhost.bus().await;
    let outbound = bus.listen().await;

    bus.booking(&booking_status("b-1", "confirmed")).await;
    bus.open_request(&open_request("r-1", "b-1")).await;
    let opened = outbound.terminal("r-1", SOON).await;

    assert_eq!((opened.kind.as_str(), opened.text("lock_id")), ("lock.opened.v1", ROOM_12));
    assert_eq!(setup.simulator.openings().await.len(), 1);
    assert_eq!(setup.simulator.token_requests().await, (1, 0));
    assert!(!setup.stored().await.is_empty());
    assert_eq!(bus.dead_letters().await, []);
    assert!(setup.postern(&["check-config"]).await.status.success());
    assert!(worker.stop(SOON).await.success());
}
