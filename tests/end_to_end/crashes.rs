//! A worker is killed with SIGKILL between any two steps of a request, and another one takes over.

mod fixture;

use self::fixture::Crash;
use end_to_end::broker::DeadLetter;
use end_to_end::deadline::{SOON, until_true};
use end_to_end::inbound::{booking_status, open_request, time};
use end_to_end::setup::Setup;
use end_to_end::simulator::IQ_GROUND_FLOOR;
use futures_util::future::join_all;
use serde_json::json;
use std::os::unix::process::ExitStatusExt;

/// Kills the first worker at the point; the second one opens the door, with this number of openings and attempts.
async fn assert_opens(warm: bool, point: &'static str, openings: usize, attempts: u64) {
    let crash = Crash::prepare(point, warm, "30s").await;
    crash.crash().await;
    let after = crash.recover().await;
    let found = (&*after.terminal.kind, after.openings, after.terminal.data["attempts"].as_u64());
    assert_eq!(found, ("lock.opened.v1", openings, Some(attempts)), "killed at {point}");
    assert_eq!(after.check_ins, 1, "killed at {point}");
    assert_eq!(after.dead_letters, [], "killed at {point}");
    let published_before = ["after-report", "after-check-in", "before-ack"].contains(&point);
    assert_eq!(after.published, 1 + usize::from(published_before), "killed at {point}");
}

#[tokio::test]
async fn a_cold_worker_killed_at_any_step_causes_one_answer_and_loses_nothing() {
    let outcomes = [
        ("after-decode", 1, 1),
        ("after-claim", 1, 1),
        // From this point on the command may have been sent: it counts.
        ("before-command", 1, 2),
        ("after-command", 2, 2),
        ("after-conclude", 1, 1),
        ("after-report", 1, 1),
        ("after-check-in", 1, 1),
        ("before-ack", 1, 1),
    ];
    join_all(
        outcomes.map(|(point, openings, attempts)| assert_opens(false, point, openings, attempts)),
    )
    .await;
}

#[tokio::test]
async fn a_warm_worker_s_claim_counts_as_a_command() {
    let outcomes = [
        ("after-decode", 1, 1),
        ("after-claim", 1, 2),
        ("before-command", 1, 2),
        ("after-command", 2, 2),
    ];
    join_all(
        outcomes.map(|(point, openings, attempts)| assert_opens(true, point, openings, attempts)),
    )
    .await;
}

/// Otherwise its outcome would be unknown, although no command was allowed to leave.
#[tokio::test]
async fn a_claim_of_a_request_that_has_expired_counts_as_no_command() {
    let mut crash = Crash::prepare("after-claim", true, "30s").await;
    crash.request["data"]["expires_at"] = time(-1).into();
    crash.crash().await;
    let after = crash.recover().await;
    assert_eq!(after.terminal.text("reason"), "request_expired", "{:?}", after.terminal);
    assert_eq!(after.terminal.data["attempts"], 0);
    assert_eq!((after.commands.len(), after.dead_letters.len()), (0, 0));
}

#[tokio::test]
async fn a_failed_request_s_dead_letter_is_not_lost_with_its_worker() {
    join_all(["after-conclude", "after-report", "after-dead-letter", "before-ack"].map(
        async |point| {
            let mut crash = Crash::prepare(point, false, "30s").await;
            crash.request["data"]["object_id"] = "room-nowhere".into();
            crash.crash().await;
            let after = crash.recover().await;
            assert_eq!(after.terminal.kind, "lock.open-failed.v1", "killed at {point}");
            assert_eq!(after.terminal.text("reason"), "lock_not_found", "killed at {point}");
            assert_eq!((after.openings, after.check_ins), (0, 0), "killed at {point}");
            // Between the broker's confirm and the entry in the ledger it may be published twice, but never not at all.
            let most = 1 + usize::from(point == "after-dead-letter");
            let letters = after.dead_letters.len();
            assert!((1..=most).contains(&letters), "{letters} dead letters, killed at {point}");
            for letter in after.dead_letters {
                assert_eq!(letter.reason(), "lock_not_found", "killed at {point}");
            }
        },
    ))
    .await;
}

#[tokio::test]
async fn without_a_resend_window_a_command_that_may_have_left_is_not_sent_again() {
    let outcomes = [
        (false, "after-claim", "lock.opened.v1", 1, 1),
        (true, "after-claim", "lock.open-failed.v1", 0, 0),
        (true, "before-command", "lock.open-failed.v1", 0, 0),
        (true, "after-command", "lock.open-failed.v1", 1, 1),
    ];
    join_all(outcomes.map(async |(warm, point, kind, openings, commands)| {
        let crash = Crash::prepare(point, warm, "0s").await;
        crash.crash().await;
        let after = crash.recover().await;
        let found = (&*after.terminal.kind, after.openings, after.commands.len());
        assert_eq!(found, (kind, openings, commands), "killed at {point}, warm: {warm}");
        assert_eq!(after.terminal.data["attempts"], 1, "killed at {point}, warm: {warm}");
        if kind == "lock.open-failed.v1" {
            assert_eq!(after.terminal.text("reason"), "outcome_unknown");
            assert_eq!(after.terminal.text("class"), "temporary");
            let reasons: Vec<_> = after.dead_letters.iter().map(DeadLetter::reason).collect();
            assert_eq!(reasons, ["outcome_unknown"], "killed at {point}, warm: {warm}");
        }
    }))
    .await;
}

#[tokio::test]
async fn a_dead_worker_s_claim_does_not_delay_another_one_for_its_whole_lease() {
    let mut setup = Setup::unactivated().await;
    setup.activate(IQ_GROUND_FLOOR).await;
    // The claim lasts for 15 seconds; the heartbeat lapses well before.
    setup.settings.set("opening.command_timeout", "10s");
    setup.settings.set("opening.resend_window", "12s");
    let crash = Crash::in_setup("before-command", false, setup).await;
    crash.crash().await;
    let after = crash.recover().await;
    assert_eq!((&*after.terminal.kind, after.openings), ("lock.opened.v1", 1));
}

#[tokio::test]
async fn after_three_killed_workers_no_fourth_command_is_sent() {
    let crash = Crash::prepare("after-command", false, "60s").await;
    crash.crash().await;
    for name in ["second-to-die", "third-to-die"] {
        let next = crash.setup.worker(name).failpoint("after-command").spawn();
        assert_eq!(next.ended(SOON).await.signal(), Some(9), "{name}");
    }
    let after = crash.recover().await;
    let found = (after.terminal.text("reason"), &after.terminal.data["attempts"]);
    assert_eq!(found, ("outcome_unknown", &json!(3)));
    assert_eq!((after.openings, after.dead_letters.len()), (3, 1));
}

#[tokio::test]
async fn nothing_opens_after_the_expiry_if_the_worker_was_killed() {
    let outcomes = [
        ("after-decode", "lock.open-rejected.v1", "request_expired"),
        ("after-claim", "lock.open-failed.v1", "salto_unavailable"),
        ("before-command", "lock.open-failed.v1", "outcome_unknown"),
    ];
    join_all(outcomes.map(async |(point, kind, reason)| {
        let mut crash = Crash::prepare(point, false, "30s").await;
        let expires_at = time(4);
        crash.request["data"]["expires_at"] = expires_at.clone().into();
        crash.crash().await;
        until_true("the request's expiry", SOON, || async { time(0) > expires_at }).await;
        let after = crash.recover().await;
        assert_eq!(
            (&*after.terminal.kind, after.terminal.text("reason")),
            (kind, reason),
            "{point}"
        );
        assert_eq!(after.commands, [], "killed at {point}");
        assert_eq!(after.dead_letters.len(), usize::from(kind == "lock.open-failed.v1"), "{point}");
    }))
    .await;
}

#[tokio::test]
async fn a_booking_is_not_lost_if_its_worker_is_killed_while_storing_it() {
    join_all(["before-store", "after-store"].map(async |point| {
        let setup = Setup::unactivated().await;
        setup.activate(IQ_GROUND_FLOOR).await;
        let first = setup.worker("first").start().await;
        let bus = setup.vhost.bus().await;
        let outbound = bus.listen().await;
        first.kill_at(point);
        bus.booking(&booking_status("B-1", "paid")).await;
        assert_eq!(first.ended(SOON).await.signal(), Some(9), "at {point}");

        let second = setup.worker("second").start().await;
        second.wait_until_settled("booking-status", 1, SOON).await;
        bus.open_request(&open_request("R-1", "B-1")).await;
        assert_eq!(
            outbound.terminal("R-1", SOON).await.kind,
            "lock.opened.v1",
            "killed at {point}"
        );
        assert_eq!(setup.simulator.opening_count().await, 1, "killed at {point}");
    }))
    .await;
}
