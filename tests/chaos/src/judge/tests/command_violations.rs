//! Violations of each invariant, continued: commands and openings.

use super::assert_violation;
use super::builders::{booking, request};

#[test]
fn two_openings_without_a_claim() {
    assert_violation("3 commands", "although the answer to command 1 was", |run| {
        run.command(1, 21.15, "opened", Some(200));
    });
    assert_violation("3 commands", "2 commands arrived, but the answer states 1", |run| {
        run.command(1, 21.15, "opened", Some(200));
    });
}

#[test]
fn a_command_after_the_answer() {
    assert_violation("3 commands", "after the answer to the request", |run| {
        run.command(4, 33.0, "iq_offline", Some(400));
    });
}

#[test]
fn a_doubtful_command_repeated_too_late() {
    assert_violation("3 commands", "that may have opened the door", |run| {
        run.remove_answers(3);
        run.commands.retain(|command| command.seq != 3);
        run.openings.retain(|opening| opening.command_seq != 3);
        run.command(3, 30.5, "opened", Some(200));
        run.opened(3, 30.6, 2);
    });
}

#[test]
fn a_doubtful_command_repeated_too_often() {
    assert_violation("3 commands", "4 commands that may", |run| {
        run.command(4, 28.0, "fault", None)
    });
}

#[test]
fn an_opening_without_a_request() {
    assert_violation("3 commands", "without a request", |run| {
        run.command(17, 30.0, "opened", Some(200))
    });
    assert_violation("3 commands", "without a request", |run| {
        run.command(1, 20.0, "opened", Some(200))
    });
}

#[test]
fn an_answer_with_opened_although_no_door_opened() {
    assert_violation("3 commands", "no door opened", |run| run.openings.clear());
}

#[test]
fn an_answer_with_rejected_or_failed_although_the_door_opened() {
    assert_violation("3 commands", "answered with too_late, but opening", |run| {
        run.remove_answers(3);
        run.rejected(3, 24.4, "too_late");
    });
    assert_violation(
        "3 commands",
        "answered with salto_unavailable, although the outcome",
        |run| {
            run.remove_answers(4);
            run.dead_letters.retain(|letter| letter.reason != "outcome_unknown");
            run.failed(4, 30.0, "salto_unavailable", 3);
        },
    );
}

#[test]
fn a_wrong_number_of_attempts_in_the_answer() {
    assert_violation("3 commands", "but the answer states", |run| {
        run.events[0].body["data"]["attempts"] = 0.into();
    });
    assert_violation("3 commands", "but the answer states", |run| {
        run.events[0].body["data"]["attempts"] = 2.into();
    });
}

#[test]
fn a_pause_that_another_replica_ignores() {
    assert_violation("3 pauses", "within the pause", |run| {
        run.requests.push(request(10, 34.0));
        run.bookings.push(booking(10, 1, "paid", 0.0));
        run.command(10, 34.1, "opened", Some(200));
        run.opened(10, 34.2, 1);
    });
}
