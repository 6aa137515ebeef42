//! Histories that look wrong but may be right: the judge must not report them.

use super::assert_no_violation;
use super::builders::{at, booking, request};
use crate::history::{History, Target};

/// Another request that is opened with one command.
fn opened(run: &mut History, number: u32, seconds: f64) {
    run.requests.push(request(number, seconds));
    run.command(number, seconds + 0.1, "opened", Some(200));
    run.opened(number, seconds + 0.2, 1);
}

#[test]
fn a_cancellation_that_is_not_known_to_be_stored() {
    assert_no_violation(|run| {
        run.bookings.push(booking(10, 1, "paid", 0.0));
        run.bookings.push(booking(10, 2, "cancelled", 30.0));
        opened(run, 10, 36.0);
    });
    assert_no_violation(|run| {
        run.stored.clear();
        run.bookings.push(booking(10, 1, "paid", 0.0));
        run.bookings.push(booking(10, 2, "cancelled", 1.0));
        opened(run, 10, 36.0);
    });
}

#[test]
fn a_cancellation_stored_between_the_decision_and_the_command() {
    assert_no_violation(|run| {
        run.bookings.push(booking(10, 1, "paid", 0.0));
        run.bookings.push(booking(10, 2, "cancelled", 22.9));
        // Known to be stored from second 35 on.
        opened(run, 10, 34.0);
        run.commands.last_mut().unwrap().received_at = at(36.0);
        run.remove_answers(10);
        run.opened(10, 36.1, 1);
    });
}

#[test]
fn a_command_delayed_by_a_slow_link() {
    assert_no_violation(|run| {
        run.bookings.push(booking(10, 1, "paid", 0.0));
        run.add_fault("salto-link-slow", Target::SaltoLink, 30.0, 50.0).delay_ms = 3000;
        opened(run, 10, 36.0);
        let last = run.commands.len() - 1;
        run.commands[last].received_at = at(39.0);
        run.requests.last_mut().unwrap().what.expires_at = at(36.0);
    });
}

#[test]
fn two_dead_letters_where_a_worker_was_killed() {
    assert_no_violation(|run| {
        run.add_fault("worker-kill", Target::Worker(1), 25.0, 26.0);
        let again = run.dead_letters.clone();
        run.dead_letters.extend(again);
    });
}

#[test]
fn a_dead_letter_that_was_replayed() {
    assert_no_violation(|run| {
        run.add_fault("dlq-replay", Target::DeadLetters, 40.0, 41.0);
        run.dead_letters.retain(|letter| letter.reason != "otp_invalid");
        run.events
            .push(run.events.iter().find(|one| one.outcome() == "otp_invalid").unwrap().clone());
    });
    // The message was published again, and the worker was killed before the dead letter was removed.
    assert_no_violation(|run| {
        run.add_fault("dlq-replay", Target::DeadLetters, 50.0, 51.0);
        run.add_fault("broker-kill", Target::Broker, 51.0, 52.0);
        let again = run.dead_letters.clone();
        run.dead_letters.extend(again);
    });
}

#[test]
fn a_command_repeated_by_another_worker_after_a_kill() {
    assert_no_violation(|run| {
        run.add_fault("worker-kill", Target::Worker(1), 21.11, 23.0);
        run.remove_answers(1);
        run.command(1, 25.0, "opened", Some(200));
        run.opened(1, 25.1, 2);
    });
    // Claimed, and killed before the command.
    assert_no_violation(|run| {
        run.add_fault("worker-kill", Target::Worker(1), 21.0, 23.0);
        run.remove_answers(1);
        run.opened(1, 21.2, 2);
    });
}

#[test]
fn a_command_that_was_delayed_and_is_recorded_after_its_repetition() {
    assert_no_violation(|run| {
        run.remove_answers(1);
        run.requests[0].sent.first = at(20.5);
        run.command(1, 20.6, "opened", Some(200));
        run.commands.last_mut().unwrap().fault = Some("delay".to_owned());
        run.opened(1, 25.7, 2);
    });
}

#[test]
fn a_rejected_one_time_password_whose_answer_was_lost() {
    assert_no_violation(|run| {
        run.add_fault("worker-kill", Target::Worker(1), 25.1, 27.0);
        run.remove_answers(5);
        run.dead_letters.retain(|letter| letter.reason != "otp_invalid");
        run.command(5, 28.0, "otp_invalid", Some(400));
        run.failed(5, 28.1, "otp_invalid", 2);
    });
}

#[test]
fn an_unknown_booking_after_redis_was_emptied() {
    assert_no_violation(|run| {
        run.add_fault("redis-empty", Target::RedisData, 40.0, 40.0);
        run.requests.push(request(1, 41.0));
        let request = &mut run.requests.last_mut().unwrap().what;
        request.id = "r10".to_owned();
        request.lock = None;
        run.rejected(1, 46.0, "booking_unknown");
        run.events.last_mut().unwrap().body["data"]["request_id"] = "r10".into();
        run.events.last_mut().unwrap().body["id"] = "terminal-of-r10".into();
    });
}

#[test]
fn numbers_and_ids_that_look_like_secrets() {
    assert_no_violation(|run| {
        let words = "0042-4711 id-0042 a/0042/b 10042 \
                     aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeee-f \
                     /tmp/aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeee";
        run.artifacts[0].content = words.as_bytes().to_vec();
    });
}
