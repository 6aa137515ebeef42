//! Violations of each invariant, continued: losses, one-time passwords, secrets, tokens, audit, health, vocabulary.

use super::builders::{SOURCE, at, booking, request};
use super::{assert_violation, found, found_in};
use crate::history::{Exit, History, Target};
use serde_json::{Value, json};

#[test]
fn invalid_messages_that_are_lost_changed_misclassified_or_duplicated() {
    assert_violation("4 losses", "has no dead letter", |run| {
        run.dead_letters.retain(|letter| letter.reason != "malformed");
    });
    let letter = |run: &mut History, change: &dyn Fn(&mut crate::history::DeadLetter)| {
        change(run.dead_letters.iter_mut().find(|one| one.reason == "malformed").unwrap());
    };
    assert_violation("4 losses", "another body", |run| {
        letter(run, &|letter| letter.body.push('}'));
    });
    assert_violation("4 losses", "another reason", |run| {
        letter(run, &|letter| letter.reason = "unknown_type".to_owned());
    });
    assert_violation("4 losses", "more dead letters than it was sent", |run| {
        let again = run.dead_letters.last().unwrap().clone();
        run.dead_letters.push(again);
    });
}

#[test]
fn dead_letters_of_requests_that_are_missing_unexpected_or_duplicated() {
    assert_violation("4 losses", "without a dead letter", |run| {
        run.dead_letters.retain(|letter| letter.reason != "otp_invalid");
    });
    // Replayed before the answer.
    assert_violation("4 losses", "without a dead letter", |run| {
        run.add_fault("dlq-replay", Target::DeadLetters, 20.0, 21.0);
        run.dead_letters.retain(|letter| letter.reason != "otp_invalid");
    });
    // A replay publishes the answer again.
    assert_violation("4 losses", "without a dead letter", |run| {
        run.add_fault("dlq-replay", Target::DeadLetters, 40.0, 41.0);
        run.dead_letters.retain(|letter| letter.reason != "otp_invalid");
    });
    assert_violation("4 losses", "but has a dead letter", |run| {
        run.failed(2, 22.3, "status_not_allowed", 0);
        run.events.pop();
    });
    assert_violation("4 losses", "2 dead letters", |run| {
        let again = run.dead_letters[0].clone();
        run.dead_letters.push(again);
    });
    assert_violation("4 losses", "an unexpected dead letter", |run| {
        run.dead_letters[0].body = format!(r#"{{"source":"{SOURCE}","id":"s-1"}}"#);
    });
}

#[test]
fn messages_left_in_a_queue() {
    assert_violation("4 losses", "3 messages are left in postern.retry.open-requests.4s", |run| {
        run.queues.insert("postern.retry.open-requests.4s".to_owned(), 3);
    });
}

// 5: one-time passwords

#[test]
fn a_repetition_after_a_rejected_one_time_password() {
    assert_violation("5 one-time passwords", "although 7 was rejected", |run| {
        run.command(5, 25.15, "otp_invalid", Some(400));
    });
}

#[test]
fn commands_to_a_blocked_iq() {
    assert_violation("5 one-time passwords", "known to be blocked", |run| {
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
fn secrets_that_can_be_read() {
    for (words, content) in [
        ("a password is in worker-0.log", "the password is open sesame!"),
        ("a PIN is in worker-0.log", r#"{"pin":"0042"}"#),
        ("a token is in worker-0.log", "Bearer AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEfG"),
    ] {
        assert_violation("6 secrets", words, |run| {
            run.artifacts[0].content = content.as_bytes().to_vec()
        });
    }
}

// 7: tokens

#[test]
fn a_token_per_replica() {
    assert_violation("7 tokens", "3 tokens were granted to north", |run| run.tokens[0].granted = 3);
}

// audit

#[test]
fn an_audit_with_a_missing_duplicated_or_wrong_line() {
    let assert_violation = |text: &str, audit: fn(&mut Vec<Value>)| {
        let found = found_in(|_| {}, audit);
        assert!(
            found.iter().any(|one| one.check == "audit" && one.what.contains(text)),
            "{found:#?}"
        );
    };
    assert_violation("missing in the audit", |lines| drop(lines.pop()));
    assert_violation("twice in the audit", |lines| lines.push(lines[0].clone()));
    assert_violation("there is no answer", |lines| lines.push(json!({"id": "another"})));
    for member in ["outcome", "at", "reason", "attempts", "requested_by", "booking_id"] {
        let found = found_in(|_| {}, |lines| lines[0][member] = "another".into());
        let it = found.iter().find(|one| one.check == "audit").expect(member);
        assert!(it.what.contains("differs from the answer"), "{found:#?}");
    }
}

#[test]
fn an_audit_that_was_lost_when_redis_was_emptied() {
    let emptied = |run: &mut History| {
        run.add_fault("redis-empty", Target::RedisData, 50.0, 51.0);
    };
    let found = found_in(emptied, Vec::clear);
    assert!(found.iter().all(|one| one.check != "audit"), "{found:#?}");
}

// health

#[test]
fn workers_that_end_wrongly() {
    let exit = |change: fn(&mut Exit)| move |run: &mut History| change(&mut run.exits[0]);
    assert_violation("health", "ended with Some(1)", exit(|exit| exit.status = Some(1)));
    assert_violation("health", "ended with None", exit(|exit| exit.status = None));
    assert_violation("health", "ended by itself", exit(|exit| exit.asked = false));
    assert_violation("health", "to stop", exit(|exit| exit.ended_at = at(67.0)));
    for line in [
        r#"{"level":"ERROR","message":"panicked","panicked_at":"crates/x.rs:1:1","thread":"main"}"#,
        r#"{"level":"ERROR","message":"handling a message panicked, ending the session"}"#,
        "thread 'main' panicked at src/x.rs:1:1",
    ] {
        let panicked = |run: &mut History| run.artifacts[0].content = line.into();
        assert_violation("health", "a panic", panicked);
    }
}

// vocabulary

#[test]
fn an_unknown_event_type_reason_or_state() {
    assert_violation("vocabulary", "unknown event type: \"lock.exploded.v1\"", |run| {
        run.event(2, 22.3, "lock.exploded", json!({}));
    });
    assert_violation("vocabulary", "unknown reason of lock.open-rejected.v1: \"no_such\"", |run| {
        run.remove_answers(2);
        run.rejected(2, 22.2, "no_such");
    });
    assert_violation("vocabulary", "unknown reason of lock.open-failed.v1: \"too_late\"", |run| {
        run.remove_answers(2);
        run.failed(2, 22.2, "too_late", 0);
    });
    assert_violation("vocabulary", "unknown state of an IQ: \"no_such\"", |run| {
        run.event(1, 30.0, "iq.attention", json!({"iq_id": "iq", "state": "no_such"}));
    });
    assert_violation("vocabulary", "unknown reason of a dead letter: \"no_such\"", |run| {
        run.dead_letters[0].reason = "no_such".to_owned();
    });
}

#[test]
fn a_violation_names_its_request_and_time() {
    let found = found(|run| run.command(2, 22.1, "opened", Some(200)));
    let it = found.iter().find(|one| one.check == "2 permission").unwrap();
    assert_eq!(it.request.as_deref(), Some("r2 of /booking-system"));
    assert_eq!(it.at, Some(at(22.1)));
    assert!(it.what.contains("command 11") && it.what.contains("cancelled"), "{}", it.what);
}
