//! What the judge concludes from the times at which states were stored, and from the retention of outcomes.

use super::builders::{at, booking, id_conflict, letter, request, stored, tied};
use super::{assert_no_violation, assert_violation, found_in};
use crate::history::{Booking, History, Published};
use serde_json::{Value, json};

/// Another request that is opened with one command.
fn opened(run: &mut History, number: u32, published: f64, received: f64) {
    run.requests.push(request(number, published));
    run.command(number, received, "opened", Some(200));
    run.opened(number, received + 0.1, 1);
}

// 2: no command for a state that a stored one has replaced

/// A booking that was cancelled; the cancellation was stored at second 34.
fn cancelled(run: &mut History) {
    let cancellation = booking(10, 2, "cancelled", 33.9);
    run.stored_bookings.push(stored(&cancellation, &["cancelled"], 34.0));
    run.bookings.extend([booking(10, 1, "paid", 0.0), cancellation]);
}

#[test]
fn a_command_later_than_a_decision_may_take_after_a_cancellation_was_stored() {
    assert_violation("2 permission", "not allowed by any possible state", |run| {
        cancelled(run);
        opened(run, 10, 33.0, 36.0);
    });
    assert_no_violation(|run| {
        cancelled(run);
        opened(run, 10, 33.0, 35.7);
    });
}

#[test]
fn a_command_for_a_newer_state_that_allows_it_again() {
    assert_no_violation(|run| {
        cancelled(run);
        run.bookings.push(booking(10, 3, "paid", 35.5));
        opened(run, 10, 33.0, 36.0);
    });
}

#[test]
fn an_unknown_booking_that_was_stored() {
    let rejected = |seen: f64| {
        move |run: &mut History| {
            let status = booking(10, 1, "paid", 29.9);
            run.stored_bookings.push(stored(&status, &["paid"], seen));
            run.bookings.push(status);
            run.requests.push(request(10, 30.0));
            run.rejected(10, 34.5, "booking_unknown");
        }
    };
    assert_violation("1 truth", "booking_unknown", rejected(29.95));
    assert_no_violation(rejected(30.5));
}

// 2: ties

fn store(run: &mut History, states: [Published<Booking>; 2]) {
    let statuses = [states[0].what.status.as_str(), states[1].what.status.as_str()];
    run.stored_bookings.push(stored(&states[0], &statuses[..1], 30.1));
    run.stored_bookings.push(stored(&states[1], &statuses, 30.2));
    run.bookings.extend(states);
}

#[test]
fn a_command_for_a_tie_in_which_one_state_does_not_allow_it() {
    for statuses in [["paid", "cancelled"], ["cancelled", "paid"]] {
        assert_violation("2 permission", "not allowed by any possible state", |run| {
            store(run, tied(10, statuses, 30.0));
            opened(run, 10, 36.0, 36.1);
        });
    }
}

#[test]
fn a_command_for_a_tie_that_allows_it_is_superseded_or_may_not_be_stored_yet() {
    assert_no_violation(|run| {
        store(run, tied(10, ["paid", "paid"], 30.0));
        opened(run, 10, 36.0, 36.1);
    });
    assert_no_violation(|run| {
        store(run, tied(10, ["paid", "cancelled"], 30.0));
        run.bookings.push(booking(10, 1, "paid", 33.0));
        opened(run, 10, 36.0, 36.1);
    });
    assert_no_violation(|run| {
        let states = tied(10, ["paid", "cancelled"], 30.0);
        run.stored_bookings.push(stored(&states[0], &["paid"], 30.1));
        run.bookings.extend(states);
        opened(run, 10, 36.0, 36.1);
    });
}

// 1: one answer, also after the retention

/// Request 1 was answered with opened at second 21 and expires at second 31; the retention is two seconds.
fn answered_again(run: &mut History) {
    run.rejected(1, 40.0, "request_expired");
}

fn second_line(lines: &mut Vec<Value>) {
    let mut line = lines[0].clone();
    line["at"] = json!(at(40.0));
    line["outcome"] = "rejected".into();
    line["reason"] = "request_expired".into();
    line["attempts"] = 0.into();
    lines.push(line);
}

#[test]
fn another_answer_after_the_retention() {
    assert_violation("1 answers", "two different answers", answered_again);
    let found = found_in(answered_again, second_line);
    let twice =
        |check, text| move |one: &super::Violation| one.check == check && one.what.contains(text);
    assert!(found.iter().any(twice("audit", "twice in the audit")), "{found:#?}");
}

#[test]
fn another_message_with_the_same_id_that_postern_took_after_the_retention() {
    let published_twice = |seconds: f64| {
        move |run: &mut History| {
            run.requests.push(request(1, seconds));
            run.requests.last_mut().unwrap().what.expires_at = at(31.0);
            run.rejected(1, 40.0, "request_expired");
        }
    };
    assert_eq!(found_in(published_twice(30.0), second_line), []);
    // Within the retention, a copy gets the same answer.
    assert_violation("1 answers", "two different answers", |run| {
        published_twice(30.0)(run);
        run.events.last_mut().unwrap().body["time"] = at(32.0).to_rfc3339().into();
    });
}

#[test]
fn an_answer_that_contradicts_an_earlier_audit_line() {
    assert_violation("audit", "differs from the answer", |run| {
        run.rejected(1, 21.5, "too_late");
    });
}

// 1: two requests with the same source and id

/// Another request with the id of the first one, and its dead letter.
fn conflict(run: &mut History) {
    let conflict = id_conflict(1, 24.0);
    run.dead_letters.push(letter(&conflict));
    run.invalid_messages.push(conflict);
}

fn answer_conflict(run: &mut History, seconds: f64) {
    run.rejected(1, seconds, "booking_unknown");
    let body = &mut run.events.last_mut().unwrap().body;
    body["subject"] = "conflict-1".into();
    body["data"]["booking_id"] = "conflict-1".into();
}

#[test]
fn a_conflicting_request_that_is_answered_or_lost() {
    assert_violation("1 answers", "same source and id were answered", |run| {
        run.invalid_messages.push(id_conflict(1, 24.0));
        answer_conflict(run, 24.2);
    });
    assert_violation("4 losses", "has no dead letter", |run| {
        run.invalid_messages.push(id_conflict(1, 24.0));
    });
}

#[test]
fn a_conflicting_request_that_is_refused_the_first_or_later_than_the_retention() {
    assert_no_violation(conflict);
    // postern took the other one first.
    assert_no_violation(|run| {
        let mut refused = letter(&id_conflict(2, 21.0));
        refused.body = json!({"source": super::builders::SOURCE, "id": "r2"}).to_string();
        run.dead_letters.push(refused);
        run.invalid_messages.push(id_conflict(2, 21.0));
        run.remove_answers(2);
        run.rejected(2, 22.2, "booking_unknown");
        let body = &mut run.events.last_mut().unwrap().body;
        body["subject"] = "conflict-2".into();
        body["data"]["booking_id"] = "conflict-2".into();
    });
    let late = |run: &mut History| {
        run.invalid_messages.push(id_conflict(1, 24.0));
        answer_conflict(run, 40.0);
    };
    let lines = |lines: &mut Vec<Value>| {
        second_line(lines);
        let line = lines.last_mut().unwrap();
        line["reason"] = "booking_unknown".into();
        line["booking_id"] = "conflict-1".into();
    };
    assert_eq!(found_in(late, lines), []);
}
