//! Commands without an answer: Salto's entry log may show the opening.

use chrono::{TimeDelta, Utc};
use end_to_end::deadline::{SOON, until_true};
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::{open_request, time};
use end_to_end::setup::Setup;
use end_to_end::simulator::{IQ_GROUND_FLOOR, ROOM_12};
use serde_json::{Value, json};

async fn fixture(resend_window: &str) -> Fixture {
    let mut setup = Setup::new().await;
    setup.settings.set_integration("ask_entries", true);
    setup.settings.set("opening.command_timeout", "2s");
    setup.settings.set("opening.resend_window", resend_window);
    Fixture::new(setup, 1).await
}

fn dropped() -> Value {
    json!({"kind": "opened_then_dropped", "call": "open", "times": 1})
}

#[tokio::test]
async fn an_opening_in_the_log_is_the_answer_and_the_command_is_not_repeated() {
    for window in ["0s", "20s"] {
        let fixture = fixture(window).await;
        fixture.setup.simulator.add_fault(dropped()).await;
        let before = time(0);
        let opened = fixture.open("R-1", BOOKING).await;
        assert_eq!((&*opened.kind, &opened.data["attempts"]), ("lock.opened.v1", &json!(1)));
        assert_eq!((opened.text("lock_id"), opened.text("object_id")), (ROOM_12, "room-12"));
        assert!(opened.text("opened_at") > &before[..17], "{} {before}", opened.text("opened_at"));
        assert_eq!(fixture.setup.simulator.opening_count().await, 1, "window {window}");
        fixture.outbound.answer("R-1", "booking.check-in.v1", SOON).await;
    }
}

#[tokio::test]
async fn without_an_entry_the_command_is_repeated_within_the_window_or_stays_unknown() {
    let reset = json!({"kind": "reset", "call": "open", "times": 1});
    let repeated = fixture("20s").await;
    repeated.setup.simulator.add_fault(reset.clone()).await;
    let opened = repeated.open("R-1", BOOKING).await;
    assert_eq!((&*opened.kind, &opened.data["attempts"]), ("lock.opened.v1", &json!(2)));

    let never = fixture("0s").await;
    // An opening of another lock does not belong to this command.
    never.store_booking("room-1").await;
    never.open("elsewhere", "room-1").await;
    never.setup.simulator.add_fault(reset).await;
    let failed = never.open("R-1", BOOKING).await;
    assert_eq!(failed.text("reason"), "outcome_unknown", "{failed:?}");
}

#[tokio::test]
async fn an_account_that_may_not_read_the_log_is_asked_once() {
    let fixture = fixture("0s").await;
    let simulator = &fixture.setup.simulator;
    let denied = json!({"kind": "status", "status": 403, "error_code": "2203", "call": "entries"});
    simulator.add_fault(denied).await;
    for id in ["R-1", "R-2"] {
        simulator.add_fault(dropped()).await;
        assert_eq!(fixture.open(id, BOOKING).await.text("reason"), "outcome_unknown");
    }
    assert_eq!(simulator.counters().await["calls"]["entries"], 1);
}

#[tokio::test]
async fn a_later_opening_by_somebody_else_is_not_the_answer() {
    let mut setup = Setup::unactivated().await;
    // Another integration of the same site, whose command opens the door while the worker is frozen.
    setup.simulator.change_iq(IQ_GROUND_FLOOR, json!({"otp_enabled": false})).await;
    let mut other = setup.settings.integrations()[0].clone();
    other.as_table_mut().expect("a table").insert("id".to_owned(), "other".into());
    setup.settings.set_integration("ask_entries", true);
    setup.settings.integrations().push(other);
    setup.settings.set("opening.command_timeout", "1s");
    setup.settings.set("opening.resend_window", "0s");
    let fixture = Fixture::new(setup, 1).await;
    let (worker, simulator) = (&fixture.workers[0], &fixture.setup.simulator);
    simulator.add_fault(json!({"kind": "reset", "call": "open", "times": 1})).await;
    worker.freeze_at("after-command");
    fixture.bus.open_request(&open_request("R-1", BOOKING)).await;
    worker.frozen(SOON).await;
    // No command of the request can open the door after its timeout and what the clocks may differ by.
    let sent = simulator.commands().await[0].received_at;
    let later = sent + TimeDelta::milliseconds(1000 + 1600 + 1000);
    until_true("the end of the command's time", SOON, || async { Utc::now() > later }).await;
    let open = ["lock", "open", ROOM_12, "--integration", "other", "--reason", "test", "--yes"];
    let opened = fixture.setup.postern(&open).await;
    assert!(opened.status.success(), "{}", String::from_utf8_lossy(&opened.stderr));
    worker.resume();
    let failed = fixture.outbound.answer("R-1", "lock.open-failed.v1", SOON).await;
    assert_eq!(failed.text("reason"), "outcome_unknown");
    assert!(simulator.counters().await["calls"]["entries"].as_u64() >= Some(1), "it was asked");
}
