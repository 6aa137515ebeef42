//! A 2xx is not always an opening: with HTML or an error of Salto's in it, Salto's entry log decides.

use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::booking_status;
use end_to_end::setup::Setup;
use serde_json::{Value, json};
use std::time::Duration;

async fn fixture(resend_window: &str) -> Fixture {
    let mut setup = Setup::new().await;
    setup.settings.set_integration("ask_entries", true);
    setup.settings.set("opening.resend_window", resend_window);
    Fixture::new(setup, 1).await
}

fn html() -> Value {
    json!({"kind": "status", "status": 200, "body": "<html><body>Back soon</body></html>"})
}

fn error(message: &str) -> Value {
    json!({"kind": "status", "status": 200, "error_code": "3102", "message": message})
}

fn carried_out(mut fault: Value) -> Value {
    fault["carried_out"] = true.into();
    fault
}

/// Requests the door of a new booking of `room-12`, whose commands meet this fault, and checks that there is a
/// check-in where the request ends as opened; returns the reason, empty where it opened, and the number of commands.
async fn open_under(fixture: &Fixture, id: &str, mut fault: Value) -> (String, Value) {
    fixture.store_status(&booking_status(id, "paid")).await;
    let settled = fixture.settled("open-requests").await;
    fault["call"] = "open".into();
    fixture.setup.simulator.add_fault(fault).await;
    let answer = fixture.open(id, id).await;
    fixture.setup.simulator.clear_faults().await;
    fixture.wait_until_settled("open-requests", settled + 1).await;
    fixture.outbound.catch_up().await;
    let opened = answer.kind == "lock.opened.v1";
    assert_eq!(fixture.outbound.check_ins(id).len(), usize::from(opened), "{answer:?}");
    (answer.text("reason").to_owned(), answer.data["attempts"].clone())
}

#[tokio::test]
async fn a_2xx_with_html_or_an_error_opens_nothing_unless_the_entry_log_shows_it() {
    let fixture = fixture("0s").await;
    let cases = [html(), error("something_new"), error("iq_offline")];
    for (number, fault) in cases.into_iter().enumerate() {
        let closed = open_under(&fixture, &format!("closed-{number}"), fault.clone()).await;
        assert_eq!(closed, ("outcome_unknown".into(), json!(1)), "{fault}");
        assert_eq!(fixture.setup.simulator.opening_count().await, number as u64);
        let fault = carried_out(fault);
        let opened = open_under(&fixture, &format!("opened-{number}"), fault.clone()).await;
        assert_eq!(opened, (String::new(), json!(1)), "{fault}");
        assert_eq!(fixture.setup.simulator.opening_count().await, number as u64 + 1);
        // The log has whole seconds: this entry must be older than the next command.
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}

#[tokio::test]
async fn a_2xx_with_an_empty_body_or_one_that_was_cut_off_is_an_opening() {
    let fixture = fixture("0s").await;
    let asked = || async { fixture.setup.simulator.counters().await["calls"]["entries"].clone() };
    let empty = json!({"kind": "status", "status": 200, "body": ""});
    for (id, fault) in [("cut", json!({"kind": "half_answer"})), ("empty", carried_out(empty))] {
        assert_eq!(open_under(&fixture, id, fault).await, (String::new(), json!(1)), "{id}");
    }
    assert_eq!(asked().await, Value::Null, "Salto's log is not asked");
}

#[tokio::test]
async fn a_command_answered_with_html_is_repeated_within_the_window() {
    let fixture = fixture("20s").await;
    let mut once = html();
    once["times"] = 1.into();
    assert_eq!(open_under(&fixture, BOOKING, once).await, (String::new(), json!(2)));
}

#[tokio::test]
async fn a_verdict_on_the_otp_in_a_2xx_ends_the_request() {
    let fixture = fixture("20s").await;
    for (id, message) in [("invalid", "otp_invalid"), ("blocked", "otp_blocked")] {
        let judged = open_under(&fixture, id, error(message)).await;
        assert_eq!(judged, ("outcome_unknown".into(), json!(1)), "{message}");
    }
    assert_eq!(fixture.setup.simulator.commands().await.len(), 2);
}
