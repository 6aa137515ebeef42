//! SIGHUP: integrations and secrets are read again, and a broken file changes nothing.

use end_to_end::broker::{Bus, Outbox};
use end_to_end::deadline::{SOON, until_true};
use end_to_end::inbound::{booking_status, open_request};
use end_to_end::world::World;
use nix::sys::signal::Signal;

async fn ask(bus: &Bus, outbox: &Outbox, request: &str) -> (String, String) {
    bus.open_request(&open_request(request, "B-1")).await;
    let event = outbox.terminal(request, SOON).await;
    (event.kind.clone(), event.data["reason"].as_str().unwrap_or_default().to_owned())
}

fn opened() -> (String, String) {
    ("lock.opened.v1".to_owned(), String::new())
}

#[tokio::test]
async fn an_integration_is_switched_off_and_on_without_a_restart() {
    let mut world = World::new().await;
    let worker = world.worker("worker").start().await;
    let bus = world.vhost.bus().await;
    let outbox = bus.listen().await;
    bus.booking(&booking_status("B-1", "confirmed")).await;
    assert_eq!(ask(&bus, &outbox, "R-1").await, opened());
    let tokens = world.simulator.token_requests().await;

    world.settings.set_integration("active", false);
    let file = world.write_settings("worker");
    worker.signal(Signal::SIGHUP);
    worker.says("configuration reloaded", SOON).await;
    let off = ("lock.open-rejected.v1".to_owned(), "integration_inactive".to_owned());
    assert_eq!(ask(&bus, &outbox, "R-2").await, off);

    world.settings.set_integration("active", true);
    std::fs::write(&file, world.settings.to_toml().replace("minutes_before", "minutes_befor"))
        .unwrap();
    worker.signal(Signal::SIGHUP);
    worker.says("did you mean", SOON).await;
    assert_eq!(ask(&bus, &outbox, "R-3").await, off, "a broken file changes nothing");

    world.write_settings("worker");
    worker.signal(Signal::SIGHUP);
    until_true("the second reload", SOON, || async {
        worker.log().matches("configuration reloaded").count() == 2
    })
    .await;
    assert_eq!(ask(&bus, &outbox, "R-4").await, opened());
    assert_eq!(world.simulator.token_requests().await, tokens, "the account kept its token");
}
