//! Each invariant, broken on purpose, continued: losses, one-time passwords, secrets, tokens, health.

use super::good::{SOURCE, at, booking, request};
use super::{caught, found, found_in};
use crate::history::{Exit, History, Target};
use serde_json::{Value, json};

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

// audit

#[test]
fn an_audit_that_lacks_a_line_has_one_twice_or_says_something_else() {
    let caught = |words: &str, audit: fn(&mut Vec<Value>)| {
        let found = found_in(|_| {}, audit);
        assert!(
            found.iter().any(|one| one.judge == "audit" && one.what.contains(words)),
            "{found:#?}"
        );
    };
    caught("does not know", |lines| drop(lines.pop()));
    caught("stands twice", |lines| lines.push(lines[0].clone()));
    caught("nobody was told", |lines| lines.push(json!({"id": "another"})));
    for member in ["outcome", "at", "reason", "attempts", "requested_by", "booking_id"] {
        let found = found_in(|_| {}, |lines| lines[0][member] = "another".into());
        let it = found.iter().find(|one| one.judge == "audit").expect(member);
        assert!(it.what.contains("something else"), "{found:#?}");
    }
}

#[test]
fn a_redis_without_memory_forgets_its_audit_too() {
    let emptied = |run: &mut History| {
        run.struck("redis-empty", Target::Memory, 50.0, 51.0);
    };
    let found = found_in(emptied, Vec::clear);
    assert!(found.iter().all(|one| one.judge != "audit"), "{found:#?}");
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
