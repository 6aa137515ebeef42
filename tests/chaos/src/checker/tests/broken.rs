//! Each invariant, broken on purpose: what a worker would do that lacks one of its guards.

use super::good::{OFF, SOURCE, at, booking, request};
use super::{caught, found};
use crate::history::{Exit, History};
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

// 3: commands and openings

#[test]
fn a_dropped_claim_opens_twice() {
    caught("3 commands", "although command 1 was answered", |run| {
        run.command(1, 21.15, "opened", Some(200));
    });
    caught("3 commands", "2 commands came, and 1 are told", |run| {
        run.command(1, 21.15, "opened", Some(200));
    });
}

#[test]
fn a_command_after_the_answer() {
    caught("3 commands", "after the request had ended", |run| {
        run.command(4, 33.0, "iq_offline", Some(400));
    });
}

#[test]
fn a_doubtful_command_repeated_too_late() {
    caught("3 commands", "that may have opened the door", |run| {
        run.unsay(3);
        run.commands.retain(|command| command.seq != 3);
        run.openings.retain(|opening| opening.command_seq != 3);
        run.command(3, 30.5, "opened", Some(200));
        run.opened(3, 30.6, 2);
    });
}

#[test]
fn a_doubtful_command_repeated_too_often() {
    caught("3 commands", "4 commands that may", |run| run.command(4, 28.0, "fault", None));
}

#[test]
fn an_opening_that_nobody_asked_for() {
    caught("3 commands", "nobody asked for", |run| run.command(17, 30.0, "opened", Some(200)));
    caught("3 commands", "nobody asked for", |run| run.command(1, 20.0, "opened", Some(200)));
}

#[test]
fn told_to_be_opened_and_no_door_opened() {
    caught("3 commands", "no door opened", |run| run.openings.clear());
}

#[test]
fn opened_and_told_to_be_rejected_or_failed() {
    caught("3 commands", "ended as too_late, and opening", |run| {
        run.unsay(3);
        run.rejected(3, 24.4, "too_late");
    });
    caught("3 commands", "ended as salto_unavailable, although nobody knows", |run| {
        run.unsay(4);
        run.dead_letters.retain(|letter| letter.reason != "outcome_unknown");
        run.failed(4, 30.0, "salto_unavailable", 3);
    });
}

#[test]
fn commands_that_are_not_told() {
    caught("3 commands", "are told", |run| {
        run.events[0].body["data"]["attempts"] = 0.into();
    });
    caught("3 commands", "are told", |run| {
        run.events[0].body["data"]["attempts"] = 2.into();
    });
}

#[test]
fn a_pause_that_another_replica_ignores() {
    caught("3 pauses", "within the pause", |run| {
        run.requests.push(request(10, 34.0));
        run.bookings.push(booking(10, 1, "paid", 0.0));
        run.command(10, 34.1, "opened", Some(200));
        run.opened(10, 34.2, 1);
    });
}

// 4: nothing lost

#[test]
fn garbage_lost_changed_misjudged_and_doubled() {
    caught("4 losses", "in no dead letter", |run| {
        run.dead_letters.retain(|letter| letter.reason != "malformed");
    });
    let letter = |run: &mut History, change: &dyn Fn(&mut crate::history::DeadLetter)| {
        change(run.dead_letters.iter_mut().find(|one| one.reason == "malformed").unwrap());
    };
    caught("4 losses", "another body", |run| {
        letter(run, &|letter| letter.body.push('}'));
    });
    caught("4 losses", "another reason", |run| {
        letter(run, &|letter| letter.reason = "unknown_type".to_owned());
    });
    caught("4 losses", "more often than it was sent", |run| {
        let again = run.dead_letters.last().unwrap().clone();
        run.dead_letters.push(again);
    });
}

#[test]
fn dead_letters_of_requests_missing_needless_and_doubled() {
    caught("4 losses", "without a dead letter", |run| {
        run.dead_letters.retain(|letter| letter.reason != "otp_invalid");
    });
    caught("4 losses", "and yet a dead letter", |run| {
        run.failed(2, 22.3, "status_not_allowed", 0);
        run.events.pop();
    });
    caught("4 losses", "2 dead letters", |run| {
        let again = run.dead_letters[0].clone();
        run.dead_letters.push(again);
    });
    caught("4 losses", "for no reason", |run| {
        run.dead_letters[0].body = format!(r#"{{"source":"{SOURCE}","id":"s-1"}}"#);
    });
}

#[test]
fn messages_left_over() {
    caught("4 losses", "3 messages are left in postern.retry.open-requests.4s", |run| {
        run.queues.insert("postern.retry.open-requests.4s".to_owned(), 3);
    });
}

// 5: one-time passwords

#[test]
fn a_refused_one_time_password_tried_again() {
    caught("5 one-time passwords", "although 7 was refused", |run| {
        run.command(5, 25.15, "otp_invalid", Some(400));
    });
}

#[test]
fn a_blocked_iq_that_is_not_left_alone() {
    caught("5 one-time passwords", "known to be blocked", |run| {
        for (number, seconds) in [(11, 38.0), (12, 44.0)] {
            run.bookings.push(booking(number, 1, "paid", 0.0));
            run.requests.push(request(number, seconds));
            run.command(number, seconds + 0.1, "otp_blocked", Some(403));
            run.failed(number, seconds + 0.2, "otp_blocked", 1);
        }
    });
}

// 6: secrets

#[test]
fn secrets_where_they_may_be_read() {
    for (words, content) in [
        ("a password is in worker-0.log", "the password is open sesame!"),
        ("a PIN is in worker-0.log", r#"{"pin":"0042"}"#),
        ("a token is in worker-0.log", "Bearer AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEfG"),
    ] {
        caught("6 secrets", words, |run| run.places[0].content = content.as_bytes().to_vec());
    }
}

// 7: tokens

#[test]
fn a_token_per_replica() {
    caught("7 tokens", "3 tokens were granted to north", |run| run.tokens[0].granted = 3);
}

// health

#[test]
fn workers_that_end_as_they_should_not() {
    let exit = |change: fn(&mut Exit)| move |run: &mut History| change(&mut run.exits[0]);
    caught("health", "ended with Some(1)", exit(|exit| exit.status = Some(1)));
    caught("health", "ended with None", exit(|exit| exit.status = None));
    caught("health", "ended by itself", exit(|exit| exit.asked = false));
    caught("health", "to stop", exit(|exit| exit.ended_at = at(67.0)));
    caught("health", "a panic", |run| {
        run.places[0].content = b"thread 'main' panicked at src/x.rs:1:1".to_vec();
    });
}

#[test]
fn a_violation_says_whose_it_is() {
    let found = found(|run| run.command(2, 22.1, "opened", Some(200)));
    let it = found.iter().find(|one| one.judge == "2 permission").unwrap();
    assert_eq!(it.request.as_deref(), Some("r2 of /booking-system"));
    assert_eq!(it.at, Some(at(22.1)));
    assert!(it.what.contains("command 11") && it.what.contains("cancelled"), "{}", it.what);
}
