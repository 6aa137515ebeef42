//! Each invariant, broken on purpose: what a worker would do that lacks one of its guards.

use super::good::{OFF, at, booking};
use super::{caught, found};
use crate::history::History;
use serde_json::json;

#[test]
fn nothing_is_wrong_with_the_good_run() {
    assert_eq!(found(|_| {}), []);
}

// 1: one answer

#[test]
fn an_early_ack_leaves_a_request_without_an_answer() {
    caught("4 losses", "never answered", |run| run.unsay(1));
}

#[test]
fn a_second_and_different_answer() {
    caught("1 answers", "two different answers", |run| run.rejected(1, 21.5, "too_late"));
}

#[test]
fn the_same_answer_with_another_content() {
    caught("1 answers", "two different answers", |run| run.opened(1, 21.3, 1));
}

#[test]
fn an_id_that_is_not_derived_from_the_request() {
    caught("1 answers", "is that of another request", |run| {
        let id = run.events[0].body["id"].clone();
        run.events.last_mut().unwrap().body["id"] = id;
    });
    caught("1 answers", "two different answers", |run| {
        let mut again = run.events[0].clone();
        again.body["id"] = "random".into();
        run.events.push(again);
    });
}

#[test]
fn an_answer_to_garbage_and_one_to_nobody() {
    let answer = |id: &'static str| {
        move |run: &mut History| {
            run.rejected(1, 22.0, "booking_unknown");
            run.events.last_mut().unwrap().body["data"]["request_id"] = id.into();
        }
    };
    caught("1 answers", "an invalid request was answered", answer("garbage-1"));
    caught("1 answers", "an answer to nobody", answer("somebody"));
}

#[test]
fn an_answer_with_anothers_name() {
    caught("1 answers", "another's name", |run| {
        run.events[0].body["data"]["requested_by"] = "somebody".into();
    });
    caught("1 answers", "another's name", |run| {
        run.events[0].routing_key = "lock.opened.south".to_owned();
    });
}

#[test]
fn a_check_in_lost_doubled_and_made_up() {
    let check_in = |run: &History| {
        run.events.iter().position(|event| event.kind() == "booking.check-in.v1").unwrap()
    };
    caught("1 answers", "not checked in", |run| {
        run.events.remove(check_in(run));
    });
    caught("1 answers", "checked in twice", |run| {
        let mut again = run.events[check_in(run)].clone();
        again.body["id"] = "random".into();
        run.events.push(again);
    });
    caught("1 answers", "never opened", |run| {
        run.event(2, 23.0, "booking.check-in", json!({"status": "checked_in"}));
    });
}

#[test]
fn an_iq_told_twice_to_be_in_one_state() {
    caught("1 answers", "twice in a row", |run| {
        for (seconds, id) in [(30.0, "one"), (31.0, "two")] {
            run.event(1, seconds, "iq.attention", json!({"iq_id": "iq", "state": "degraded"}));
            run.events.last_mut().unwrap().body["id"] = id.into();
        }
    });
}

#[test]
fn answers_that_were_never_so() {
    caught("1 truth", "booking_unknown", |run| {
        run.unsay(2);
        run.rejected(2, 22.2, "booking_unknown");
    });
    caught("1 truth", "request_expired", |run| {
        run.unsay(2);
        run.rejected(2, 22.2, "request_expired");
    });
    caught("1 truth", "too_early", |run| {
        let early = run.events.iter_mut().find(|event| event.outcome() == "too_early");
        early.unwrap().body["data"]["opens_at"] = at(7200.0).to_rfc3339().into();
    });
    caught("1 truth", "integration_inactive", |run| {
        run.unsay(2);
        run.rejected(2, 22.2, "integration_inactive");
    });
    caught("1 truth", "opened", |run| {
        run.unsay(2);
        run.command(2, 22.1, "opened", Some(200));
        run.opened(2, 22.2, 1);
    });
}

// 2: no command against the rules

#[test]
fn an_ignored_expiry() {
    caught("2 permission", "after the request's expiry", |run| {
        run.requests[6].what.expires_at = at(28.0);
        run.command(7, 30.0, "opened", Some(200));
    });
}

#[test]
fn an_ignored_revision() {
    caught("2 permission", "against every state", |run| {
        run.command(2, 22.1, "opened", Some(200));
    });
}

#[test]
fn an_older_revision_that_came_later_and_was_stored_over_the_newer_one() {
    caught("2 permission", "against every state", |run| {
        run.bookings.push(booking(2, 1, "paid", 2.0));
        run.command(2, 22.1, "opened", Some(200));
    });
}

#[test]
fn a_command_outside_the_window() {
    caught("2 permission", "against every state", |run| run.command(6, 26.1, "opened", Some(200)));
    caught("2 permission", "against every state", |run| {
        run.bookings[0].what.ends_at = at(18.0);
    });
}

#[test]
fn a_command_to_another_object_s_lock() {
    caught("2 permission", "against every state", |run| {
        run.requests[0].what.object = Some("door-19".to_owned());
    });
}

#[test]
fn a_command_for_an_integration_that_is_off_or_unknown() {
    caught("2 permission", "inactive integration", |run| {
        run.requests[0].what.integration = OFF.to_owned();
    });
    caught("2 permission", "that there is not", |run| {
        run.requests[0].what.integration = "nobody".to_owned();
    });
}
