//! `mode = "rehearse"`: everything happens except the opening, and all published events are marked as a rehearsal.

use end_to_end::broker::Event;
use end_to_end::deadline::{SOON, until_true};
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::{booking_status, open_request, time};
use end_to_end::setup::Setup;
use end_to_end::simulator::{IQ_GROUND_FLOOR, ROOM_12};
use nix::sys::signal::Signal;
use serde_json::json;
use std::os::unix::process::ExitStatusExt;

async fn rehearsing(with: &str, workers: usize) -> Fixture {
    let mut setup = Setup::new().await;
    // Time for another worker to start after the first one was killed.
    setup.settings.set("opening.resend_window", "30s");
    rehearse(&mut setup, with);
    Fixture::new(setup, workers).await
}

fn rehearse(setup: &mut Setup, with: &str) {
    setup.settings.set_integration("mode", "rehearse");
    setup.settings.set_integration("rehearse_with", with);
}

fn set_live(setup: &mut Setup) {
    setup.settings.set_integration("mode", "live");
}

/// Makes the first worker read the current settings.
async fn reload(fixture: &Fixture, times: usize) {
    fixture.setup.write_settings("worker-1");
    fixture.workers[0].signal(Signal::SIGHUP);
    until_true("the reload", SOON, || async {
        fixture.workers[0].log().matches("configuration reloaded").count() == times
    })
    .await;
}

/// The number of calls about PINs: probes, and those of the activation.
async fn pin_calls(fixture: &Fixture) -> u64 {
    fixture.setup.simulator.counters().await["calls"]["pin"].as_u64().unwrap_or_default()
}

/// No opening and no command.
async fn assert_no_command(fixture: &Fixture) {
    assert!(fixture.setup.simulator.commands().await.is_empty());
}

fn assert_marked(event: &Event) {
    assert!(event.kind.starts_with("rehearsal."), "{event:?}");
    let type_and_integration =
        format!("{}.acme-utrecht", event.kind.strip_suffix(".v1").expect("a version"));
    assert_eq!(event.routing_key, type_and_integration);
}

#[tokio::test]
async fn a_probe_replaces_the_command_and_all_events_are_marked() {
    let fixture = rehearsing("probe", 2).await;
    let before = pin_calls(&fixture).await;
    let opened = fixture.open("R-1", BOOKING).await;
    assert_eq!(opened.kind, "rehearsal.lock.opened.v1");
    assert_eq!((opened.text("lock_id"), opened.text("iq_id")), (ROOM_12, IQ_GROUND_FLOOR));
    assert_eq!(opened.data["attempts"], 1);
    assert_eq!(pin_calls(&fixture).await, before + 1);

    let mut status = booking_status("later", "paid");
    status["data"]["starts_at"] = json!(time(3600));
    status["data"]["ends_at"] = json!(time(7200));
    fixture.store_status(&status).await;
    let early = fixture.open("R-2", "later").await;
    assert_eq!(
        (early.kind.as_str(), early.text("reason")),
        ("rehearsal.lock.open-rejected.v1", "too_early")
    );

    fixture.wait_until_settled("open-requests", 2).await;
    fixture.outbound.catch_up().await;
    let events = fixture.outbound.events();
    events.iter().for_each(assert_marked);
    let check_ins = events.iter().filter(|it| it.kind == "rehearsal.booking.check-in.v1");
    assert_eq!(check_ins.count(), 1);
    assert_eq!(events.len(), 3, "{events:?}");
    assert_no_command(&fixture).await;
    let log = fixture.workers[0].log() + &fixture.workers[1].log();
    assert!(log.contains(r#""rehearsal":true"#), "{log}");
}

#[tokio::test]
async fn a_rehearsal_needs_no_bound_queue() {
    let mut setup = Setup::new().await;
    rehearse(&mut setup, "probe");
    setup.simulator.change_iq(IQ_GROUND_FLOOR, json!({"restore_required": true})).await;
    let worker = setup.worker("worker").start().await;
    let bus = setup.vhost.bus().await;
    bus.booking(&booking_status(BOOKING, "paid")).await;
    worker.wait_until_settled("booking-status", 1, SOON).await;
    bus.open_request(&open_request("R-1", BOOKING)).await;
    worker.wait_until_settled("open-requests", 1, SOON).await;
    // The IQ's attention event is also a rehearsal, and leaves Redis although no queue is bound for it.
    until_true("the attention to be published", SOON, || async {
        let stored = setup.stored().await;
        stored.iter().all(|(key, _)| !key.ends_with(":attention"))
    })
    .await;
    assert!(!worker.log().contains("not published yet"), "{}", worker.log());
}

#[tokio::test]
async fn a_rejected_one_time_password_fails_the_rehearsal_as_it_would_the_opening() {
    let fixture = rehearsing("probe", 1).await;
    let secret = json!({"secret": "RotatedByAnApp01"});
    fixture.setup.simulator.change_iq(IQ_GROUND_FLOOR, secret).await;
    let before = pin_calls(&fixture).await;
    for number in 1..=3 {
        let failed = fixture.open(&format!("R-{number}"), BOOKING).await;
        assert_eq!(failed.kind, "rehearsal.lock.open-failed.v1");
        assert_eq!((failed.text("reason"), &failed.data["attempts"]), ("otp_invalid", &json!(1)));
    }
    assert_eq!(pin_calls(&fixture).await, before + 3, "one password per request");
    for letter in fixture.bus.wait_for_dead_letters(3, SOON).await {
        assert_eq!(letter.reason(), "otp_invalid");
        assert!(letter.header("postern-detail").starts_with("rehearsal: "), "{letter:?}");
    }
    fixture.outbound.one_of("rehearsal.iq.attention.v1", SOON).await;
    fixture.outbound.catch_up().await;
    fixture.outbound.events().iter().for_each(assert_marked);
    assert_no_command(&fixture).await;
}

#[tokio::test]
async fn without_probes_no_one_time_password_is_sent_and_a_missing_activation_is_reported() {
    let mut setup = Setup::unactivated().await;
    setup.activate(IQ_GROUND_FLOOR).await;
    rehearse(&mut setup, "nothing");
    let fixture = Fixture::new(setup, 1).await;
    fixture.store_booking("room-13").await;
    let before = pin_calls(&fixture).await;
    let opened = fixture.open("R-1", BOOKING).await;
    assert_eq!(opened.kind, "rehearsal.lock.opened.v1");
    assert_eq!((opened.text("iq_id"), &opened.data["attempts"]), (IQ_GROUND_FLOOR, &json!(0)));
    let failed = fixture.open("R-2", "room-13").await;
    assert_eq!(failed.kind, "rehearsal.lock.open-failed.v1");
    assert_eq!(failed.text("reason"), "iq_not_activated", "the second IQ is not activated");
    assert_eq!(pin_calls(&fixture).await, before);
    assert_no_command(&fixture).await;
}

#[tokio::test]
async fn going_live_opens_and_the_first_real_opening_checks_in() {
    let mut fixture = rehearsing("probe", 1).await;
    assert_eq!(fixture.open("R-1", BOOKING).await.kind, "rehearsal.lock.opened.v1");
    // A request of a rehearsal waits for its booking while the integration goes live.
    fixture.bus.open_request(&open_request("R-2", "unknown yet")).await;
    until_true("the request to be taken", SOON, || async {
        fixture.setup.stored().await.iter().filter(|(key, _)| key.contains(":request:")).count()
            == 2
    })
    .await;
    set_live(&mut fixture.setup);
    reload(&fixture, 1).await;
    fixture.store_status(&booking_status("unknown yet", "paid")).await;
    let rehearsed = fixture.outbound.terminal("R-2", SOON).await;
    assert_eq!(rehearsed.kind, "rehearsal.lock.opened.v1", "as it began, so it ends");
    assert_no_command(&fixture).await;

    assert_eq!(fixture.open("R-3", BOOKING).await.kind, "lock.opened.v1");
    fixture.wait_until_settled("open-requests", 3).await;
    fixture.outbound.catch_up().await;
    assert_eq!(fixture.outbound.check_ins(BOOKING).len(), 1);
    // A repeated request of a rehearsal stays a rehearsal.
    fixture.bus.open_request(&open_request("R-1", BOOKING)).await;
    fixture.wait_until_settled("open-requests", 4).await;
    assert_eq!(fixture.setup.simulator.opening_count().await, 1);
}

#[tokio::test]
async fn a_live_request_opens_nothing_once_its_integration_rehearses() {
    let mut fixture = Fixture::new(Setup::new().await, 1).await;
    assert_eq!(fixture.open("warm-up", BOOKING).await.kind, "lock.opened.v1");
    let busy = json!({"kind": "rate_limit", "call": "open", "retry_after": 3, "times": 1});
    fixture.setup.simulator.add_fault(busy).await;
    fixture.bus.open_request(&open_request("R-1", BOOKING)).await;
    fixture.setup.simulator.wait_for_commands(2, SOON).await;
    rehearse(&mut fixture.setup, "probe");
    reload(&fixture, 1).await;
    let rejected = fixture.outbound.terminal("R-1", SOON).await;
    assert_eq!(rejected.kind, "lock.open-rejected.v1", "it was asked for in earnest");
    assert_eq!(rejected.text("reason"), "integration_inactive");
    assert!(rejected.text("detail").contains("rehearses"), "{rejected:?}");
    assert_eq!(fixture.setup.simulator.opening_count().await, 1);
}

#[tokio::test]
async fn a_probe_without_an_answer_is_repeated_and_the_log_of_entries_says_nothing_about_it() {
    let mut setup = Setup::new().await;
    setup.settings.set_integration("ask_entries", true);
    rehearse(&mut setup, "probe");
    let fixture = Fixture::new(setup, 1).await;
    assert_eq!(fixture.open("warm-up", BOOKING).await.kind, "rehearsal.lock.opened.v1");
    let unanswered = json!({"kind": "reset", "call": "pin", "carried_out": true, "times": 1});
    fixture.setup.simulator.add_fault(unanswered).await;
    let opened = fixture.open("R-1", BOOKING).await;
    assert_eq!(opened.kind, "rehearsal.lock.opened.v1");
    assert_eq!(opened.data["attempts"], 2);
    let calls = &fixture.setup.simulator.counters().await["calls"];
    assert_eq!(calls.get("entries"), None, "{calls}");
    assert_no_command(&fixture).await;
}

#[tokio::test]
async fn a_rehearsal_whose_worker_is_killed_stays_a_rehearsal() {
    for (with, point, attempts) in [("probe", "after-command", 2), ("nothing", "after-claim", 0)] {
        let fixture = rehearsing(with, 1).await;
        assert_eq!(fixture.open("warm-up", BOOKING).await.kind, "rehearsal.lock.opened.v1");
        fixture.workers[0].kill_at(point);
        let mut request = open_request("R-1", BOOKING);
        // The first claim then contains the IQ.
        request["data"]["object_id"] = json!("room-12");
        fixture.bus.open_request(&request).await;
        let died = fixture.workers[0].ended(SOON).await;
        assert_eq!(died.signal(), Some(Signal::SIGKILL as i32));
        let second = fixture.setup.worker("second").start().await;
        let end = fixture.outbound.terminal("R-1", SOON).await;
        assert_marked(&end);
        assert_eq!(end.data["attempts"], attempts, "{end:?}");
        assert!(second.is_running());
        assert_no_command(&fixture).await;
    }
}

#[tokio::test]
async fn all_commands_show_that_the_integration_rehearses() {
    let fixture = rehearsing("probe", 1).await;
    let output = fixture.setup.postern(&["check-config"]).await;
    let output = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.contains("; rehearses: a probe of the one-time password"), "{output}");
    let output = fixture.setup.postern(&["doctor"]).await;
    let output = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.contains("opens no door, as it rehearses"), "{output}");
    let about = ["explain", "--integration", "acme-utrecht", "--booking", BOOKING];
    let output = fixture.setup.postern(&about).await;
    let output = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.contains("say yes, but the integration rehearses: no door opens"), "{output}");
    fixture.open("R-1", BOOKING).await;
    let output = fixture.setup.postern(&["explain", "R-1"]).await;
    let output = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.contains("(rehearsal) opened room-12"), "{output}");
}
