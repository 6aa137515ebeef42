//! Commands without an answer: Salto's entry log may show the opening.

use end_to_end::deadline::SOON;
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::time;
use end_to_end::setup::Setup;
use end_to_end::simulator::ROOM_12;
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
