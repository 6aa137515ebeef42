//! SIGHUP: integrations and secrets are read again, and a broken file changes nothing.

use end_to_end::broker::{Bus, OutboundListener};
use end_to_end::deadline::{SOON, until_true};
use end_to_end::inbound::{booking_status, open_request};
use end_to_end::setup::Setup;
use nix::sys::signal::Signal;

const READ_AT: &str = "postern_config_last_reload_success_timestamp_seconds";

async fn outcome(bus: &Bus, outbound: &OutboundListener, request: &str) -> (String, String) {
    bus.open_request(&open_request(request, "B-1")).await;
    let event = outbound.terminal(request, SOON).await;
    (event.kind.clone(), event.data["reason"].as_str().unwrap_or_default().to_owned())
}

fn opened() -> (String, String) {
    ("lock.opened.v1".to_owned(), String::new())
}

#[tokio::test]
async fn an_integration_is_switched_off_and_on_without_a_restart() {
    let mut setup = Setup::new().await;
    let worker = setup.worker("worker").start().await;
    let bus = setup.vhost.bus().await;
    let outbound = bus.listen().await;
    bus.booking(&booking_status("B-1", "confirmed")).await;
    assert_eq!(outcome(&bus, &outbound, "R-1").await, opened());
    let tokens = setup.simulator.token_requests().await;

    setup.settings.set_integration("active", false);
    let file = setup.write_settings("worker");
    worker.signal(Signal::SIGHUP);
    worker.wait_for_log("configuration reloaded", SOON).await;
    let off = ("lock.open-rejected.v1".to_owned(), "integration_inactive".to_owned());
    assert_eq!(outcome(&bus, &outbound, "R-2").await, off);

    setup.settings.set_integration("active", true);
    std::fs::write(&file, setup.settings.to_toml().replace("minutes_before", "minutes_befor"))
        .unwrap();
    worker.signal(Signal::SIGHUP);
    worker.wait_for_log("did you mean", SOON).await;
    assert_eq!(outcome(&bus, &outbound, "R-3").await, off, "a broken file changes nothing");
    assert_eq!(worker.metric("postern_config_last_reload_successful").await, Some(0.0));
    let read_at = worker.metric(READ_AT).await;

    setup.write_settings("worker");
    worker.signal(Signal::SIGHUP);
    until_true("the second reload", SOON, || async {
        worker.log().matches("configuration reloaded").count() == 2
    })
    .await;
    assert_eq!(worker.metric("postern_config_last_reload_successful").await, Some(1.0));
    assert!(worker.metric(READ_AT).await > read_at, "{read_at:?}");
    assert_eq!(outcome(&bus, &outbound, "R-4").await, opened());
    assert_eq!(setup.simulator.token_requests().await, tokens, "the account kept its token");
}
