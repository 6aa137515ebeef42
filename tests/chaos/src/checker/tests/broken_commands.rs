//! Each invariant, broken on purpose, continued: commands and openings.

use super::caught;
use super::good::{booking, request};

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
