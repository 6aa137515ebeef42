//! Violations of each invariant: histories of a worker without one of its guards.

use super::builders::{OFF, at, booking};
use super::{assert_violation, found};
use crate::history::{History, Target};
use serde_json::json;

#[test]
fn the_valid_run_has_no_violation() {
    assert_eq!(found(|_| {}), []);
}

// 1: one answer

#[test]
fn a_request_without_an_answer_after_an_early_ack() {
    assert_violation("4 losses", "never answered", |run| run.remove_answers(1));
}

#[test]
fn a_second_and_different_answer() {
    assert_violation("1 answers", "two different answers", |run| run.rejected(1, 21.5, "too_late"));
}

#[test]
fn the_same_answer_with_another_content() {
    assert_violation("1 answers", "two different answers", |run| run.opened(1, 21.3, 1));
}

#[test]
fn a_failure_of_another_class_than_its_reason() {
    assert_violation("1 answers", "iq_offline has the class", |run| {
        run.remove_answers(1);
        run.failed(1, 21.3, "iq_offline", 1);
        run.events.last_mut().unwrap().body["data"]["class"] = "configuration".into();
    });
}

#[test]
fn an_id_that_is_not_derived_from_the_request() {
    assert_violation("1 answers", "belongs to another request", |run| {
        let id = run.events[0].body["id"].clone();
        run.events.last_mut().unwrap().body["id"] = id;
    });
    assert_violation("1 answers", "two different answers", |run| {
        let mut again = run.events[0].clone();
        again.body["id"] = "random".into();
        run.events.push(again);
    });
}

#[test]
fn an_answer_to_an_invalid_message_and_one_without_a_request() {
    let answer = |id: &'static str| {
        move |run: &mut History| {
            run.rejected(1, 22.0, "booking_unknown");
            run.events.last_mut().unwrap().body["data"]["request_id"] = id.into();
        }
    };
    assert_violation("1 answers", "an invalid request was answered", answer("invalid-1"));
    assert_violation("1 answers", "an answer without a request", answer("another"));
}

#[test]
fn two_different_confirmations_of_an_opening() {
    let confirm = |run: &mut History, seen_in: &str| {
        let mut event = run.events[0].clone();
        event.body["type"] = "lock.open-confirmed.v1".into();
        event.body["id"] = "confirmed".into();
        event.body["data"]["seen_in"] = seen_in.into();
        run.events.push(event);
    };
    let twice_the_same = |run: &mut History| {
        confirm(run, "stream");
        confirm(run, "stream");
    };
    assert_eq!(found(twice_the_same), []);
    assert_violation("1 answers", "confirmed twice", |run| {
        confirm(run, "stream");
        confirm(run, "entries");
    });
}

#[test]
fn an_answer_with_a_wrong_address() {
    assert_violation("1 answers", "wrong address", |run| {
        run.events[0].body["data"]["requested_by"] = "another".into();
    });
    assert_violation("1 answers", "wrong address", |run| {
        run.events[0].routing_key = "lock.opened.south".to_owned();
    });
}

#[test]
fn a_check_in_that_is_missing_duplicated_or_unexpected() {
    let check_in = |run: &History| {
        run.events.iter().position(|event| event.type_name() == "booking.check-in.v1").unwrap()
    };
    assert_violation("1 answers", "not checked in", |run| {
        run.events.remove(check_in(run));
    });
    assert_violation("1 answers", "checked in twice", |run| {
        let mut again = run.events[check_in(run)].clone();
        again.body["id"] = "random".into();
        run.events.push(again);
    });
    assert_violation("1 answers", "never opened", |run| {
        run.event(2, 23.0, "booking.check-in", json!({"status": "checked_in"}));
    });
}

#[test]
fn an_iq_state_published_twice() {
    assert_violation("1 answers", "twice in a row", |run| {
        for (seconds, id) in [(30.0, "one"), (31.0, "two")] {
            run.event(1, seconds, "iq.attention", json!({"iq_id": "iq", "state": "degraded"}));
            run.events.last_mut().unwrap().body["id"] = id.into();
        }
    });
}

#[test]
fn a_notice_published_twice() {
    assert_violation("1 answers", "twice in a row", |run| {
        for (seconds, id) in [(30.0, "one"), (31.0, "two")] {
            run.event(1, seconds, "integration.attention", json!({"state": "user_blocked"}));
            run.events.last_mut().unwrap().body["id"] = id.into();
        }
    });
    assert_violation("1 answers", "twice in a row", |run| {
        for (seconds, id) in [(30.0, "one"), (31.0, "two")] {
            let reasons = json!([{"object_id": "o", "reason": "iq_offline", "detail": id}]);
            run.event(1, seconds, "booking.at-risk", json!({"reasons": reasons}));
            run.events.last_mut().unwrap().body["id"] = id.into();
        }
    });
}

#[test]
fn an_unknown_outcome_of_a_command_that_was_only_reserved() {
    let unknown = |run: &mut History| {
        run.remove_answers(2);
        run.failed(2, 22.2, "outcome_unknown", 1);
    };
    assert_violation("1 truth", "outcome_unknown", unknown);
    let with_a_killed_worker = found(|run| {
        unknown(run);
        run.add_fault("worker-kill", Target::Worker(0), 22.1, 22.15);
    });
    assert_eq!(with_a_killed_worker, []);
}

#[test]
fn answers_that_were_not_true() {
    assert_violation("1 truth", "booking_unknown", |run| {
        run.remove_answers(2);
        run.rejected(2, 22.2, "booking_unknown");
    });
    assert_violation("1 truth", "request_expired", |run| {
        run.remove_answers(2);
        run.rejected(2, 22.2, "request_expired");
    });
    assert_violation("1 truth", "too_early", |run| {
        let early = run.events.iter_mut().find(|event| event.outcome() == "too_early");
        early.unwrap().body["data"]["opens_at"] = at(7200.0).to_rfc3339().into();
    });
    assert_violation("1 truth", "integration_inactive", |run| {
        run.remove_answers(2);
        run.rejected(2, 22.2, "integration_inactive");
    });
    assert_violation("1 truth", "opened", |run| {
        run.remove_answers(2);
        run.command(2, 22.1, "opened", Some(200));
        run.opened(2, 22.2, 1);
    });
}

// 2: no command against the rules

#[test]
fn an_ignored_expiry() {
    assert_violation("2 permission", "after the request's expiry", |run| {
        run.requests[6].what.expires_at = at(28.0);
        run.command(7, 30.0, "opened", Some(200));
    });
}

#[test]
fn an_ignored_revision() {
    assert_violation("2 permission", "not allowed by any possible state", |run| {
        run.command(2, 22.1, "opened", Some(200));
    });
}

#[test]
fn an_older_revision_that_arrived_later_and_replaced_the_newer_one() {
    assert_violation("2 permission", "not allowed by any possible state", |run| {
        run.bookings.push(booking(2, 1, "paid", 2.0));
        run.command(2, 22.1, "opened", Some(200));
    });
}

#[test]
fn a_command_outside_the_window() {
    assert_violation("2 permission", "not allowed by any possible state", |run| {
        run.command(6, 26.1, "opened", Some(200))
    });
    assert_violation("2 permission", "not allowed by any possible state", |run| {
        run.bookings[0].what.ends_at = at(18.0);
    });
}

#[test]
fn a_command_to_another_object_s_lock() {
    assert_violation("2 permission", "not allowed by any possible state", |run| {
        run.requests[0].what.object = Some("door-19".to_owned());
    });
}

#[test]
fn a_command_for_an_integration_that_is_off_or_unknown() {
    assert_violation("2 permission", "inactive integration", |run| {
        run.requests[0].what.integration = OFF.to_owned();
    });
    assert_violation("2 permission", "for an unknown integration", |run| {
        run.requests[0].what.integration = "unknown".to_owned();
    });
}
