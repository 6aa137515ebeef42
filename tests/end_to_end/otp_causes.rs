//! Rejected one-time passwords whose cause is not the IQ: a lock that was moved to another IQ, and wrong clocks. They
//! cost one password at most, over all workers, and count against no IQ.

use std::time::Duration;

use chrono::{DateTime, Utc};
use end_to_end::broker::Event;
use end_to_end::deadline::{SOON, until_true};
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::open_request;
use end_to_end::setup::Setup;
use end_to_end::simulator::{IQ_FIRST_FLOOR, IQ_GROUND_FLOOR, ROOM_12, Simulator};
use reqwest::Method;
use serde_json::json;

/// 20 requests a second.
const GAP: Duration = Duration::from_millis(50);

/// Three workers, each with few places, so that all of them get requests, and with a clock that the test sets.
async fn fixture(mut setup: Setup) -> Fixture {
    setup.settings.set("broker.prefetch", 2);
    let clock = setup.directory().join("clock-step");
    let mut workers = Vec::new();
    for name in ["worker-1", "worker-2", "worker-3"] {
        let worker = setup.worker(name);
        let clock = clock.to_str().expect("a readable path");
        workers.push(worker.env("POSTERN_CLOCK_STEP", clock).start().await);
    }
    let fixture = Fixture::of(setup, workers).await;
    // Afterwards each worker has a token, and the list of locks as it is before a change.
    until_true("each worker to have opened", SOON * 2, || async {
        load(&fixture, "before", 6).await;
        let mut all = true;
        for worker in &fixture.workers {
            all &= worker.settled("open-requests").await > 0;
        }
        all
    })
    .await;
    fixture.setup.simulator.change_settings(json!({"otp_failures": 3})).await;
    fixture
}

fn step_clock(fixture: &Fixture, seconds: i64) {
    let file = fixture.setup.directory().join("clock-step");
    std::fs::write(file, seconds.to_string()).expect("the step is written");
}

/// Publishes requests at 20 a second; their answers.
async fn load(fixture: &Fixture, name: &str, count: usize) -> Vec<Event> {
    let name = format!("{name}-{}", Utc::now().timestamp_micros());
    let mut ticks = tokio::time::interval(GAP);
    for number in 0..count {
        ticks.tick().await;
        fixture.bus.open_request(&open_request(&format!("{name}-{number}"), BOOKING)).await;
    }
    let mut answers = Vec::new();
    for number in 0..count {
        answers.push(fixture.outbound.terminal(&format!("{name}-{number}"), SOON * 2).await);
    }
    answers
}

/// What a change cost: rejected passwords, openings, and the time until the first opening after it.
struct Cost {
    rejected: usize,
    opened: usize,
    recovered_after_ms: Option<i64>,
}

async fn cost_since(fixture: &Fixture, name: &str, changed_at: DateTime<Utc>) -> Cost {
    let commands = fixture.setup.simulator.commands().await;
    let since: Vec<_> = commands.iter().filter(|one| one.received_at >= changed_at).collect();
    let opened: Vec<_> = since.iter().filter(|one| one.verdict == "opened").collect();
    let rejected = since.iter().filter(|one| one.verdict == "otp_invalid").count();
    let recovered = opened.first().map(|one| (one.received_at - changed_at).num_milliseconds());
    let cost = Cost { rejected, opened: opened.len(), recovered_after_ms: recovered };
    eprintln!(
        "{name}: {} rejected, {} opened, first opening after {:?} ms",
        cost.rejected, cost.opened, cost.recovered_after_ms
    );
    cost
}

/// Nothing is counted against an IQ, and no event blames one.
async fn nothing_counted(fixture: &Fixture) {
    fixture.outbound.catch_up().await;
    let events = fixture.outbound.events();
    assert!(events.iter().all(|event| event.kind != "iq.attention.v1"), "{events:?}");
    let stored = fixture.setup.stored().await;
    let counted = stored.iter().find(|(key, _)| key.ends_with("guard:acme-utrecht"));
    assert!(counted.is_none(), "{counted:?}");
}

fn is_corrected(failed: &Event, why: &str) {
    assert!(failed.kind.ends_with("lock.open-failed.v1"), "{failed:?}");
    assert_eq!((failed.text("reason"), failed.text("class")), ("otp_invalid", "temporary"));
    assert!(failed.text("detail").contains(why), "{}", failed.text("detail"));
}

async fn move_room_12(fixture: &Fixture) -> DateTime<Utc> {
    let moved = Some(json!({"iq_id": IQ_FIRST_FLOOR}));
    fixture.setup.simulator.control(Method::PATCH, &format!("locks/{ROOM_12}"), moved).await;
    Utc::now()
}

#[tokio::test]
async fn a_lock_that_was_moved_costs_one_password_and_opens_through_its_new_iq() {
    let fixture = fixture(Setup::new().await).await;
    let moved_at = move_room_12(&fixture).await;
    let failed = fixture.open("moved", BOOKING).await;
    is_corrected(
        &failed,
        &format!("belongs to IQ {IQ_FIRST_FLOOR} and no longer to IQ {IQ_GROUND_FLOOR}"),
    );
    for opened in load(&fixture, "after", 40).await {
        assert_eq!(opened.kind, "lock.opened.v1", "{opened:?}");
        assert_eq!(opened.data["iq_id"], IQ_FIRST_FLOOR);
    }
    let cost = cost_since(&fixture, "moved lock, one request first", moved_at).await;
    assert_eq!((cost.rejected, cost.opened), (1, 40));
    nothing_counted(&fixture).await;
}

/// One command at a time is in flight to a lock: those of the other guests come after the first answer.
#[tokio::test]
async fn a_lock_that_is_moved_under_load_costs_one_password() {
    let fixture = fixture(Setup::new().await).await;
    let slow = json!({"kind": "delay", "delay_ms": 100, "call": "open"});
    fixture.setup.simulator.add_fault(slow).await;
    let moved_at = move_room_12(&fixture).await;
    for answer in load(&fixture, "after", 60).await {
        if answer.kind != "lock.opened.v1" {
            is_corrected(&answer, "belongs to IQ");
        }
    }
    let cost = cost_since(&fixture, "moved lock under load", moved_at).await;
    assert_eq!((cost.rejected, cost.opened), (1, 59));
    assert!(cost.recovered_after_ms.is_some());
    nothing_counted(&fixture).await;
}

#[tokio::test]
async fn a_lock_that_was_moved_to_an_iq_without_activation_says_so_with_the_next_request() {
    let setup = Setup::unactivated().await;
    setup.activate(IQ_GROUND_FLOOR).await;
    let fixture = fixture(setup).await;
    move_room_12(&fixture).await;
    is_corrected(&fixture.open("moved", BOOKING).await, "belongs to IQ");
    for failed in load(&fixture, "after", 6).await {
        assert_eq!(failed.text("reason"), "iq_not_activated");
    }
    nothing_counted(&fixture).await;
}

#[tokio::test]
async fn a_clock_that_is_set_costs_no_password() {
    let fixture = fixture(Setup::new().await).await;
    for step in [600, 0, -1_200] {
        step_clock(&fixture, step);
        let stepped_at = Utc::now();
        for opened in load(&fixture, "after", 30).await {
            assert_eq!(opened.kind, "lock.opened.v1", "{step} s: {opened:?}");
        }
        let cost = cost_since(&fixture, &format!("clock set to {step} s off"), stepped_at).await;
        assert_eq!((cost.rejected, cost.opened), (0, 30), "{step} s");
    }
    nothing_counted(&fixture).await;
}

/// As after the suspension of a virtual machine whose clocks both stood still.
#[tokio::test]
async fn a_wrong_clock_that_cannot_be_seen_costs_one_password_over_all_workers() {
    let fixture = fixture(Setup::new().await).await;
    let offset = Some(json!({"offset_seconds": 600}));
    fixture.setup.simulator.control(Method::PUT, "clock", offset).await;
    let wrong_since = Utc::now();
    is_corrected(&fixture.open("wrong", BOOKING).await, "s off; the clock offset is corrected");
    for opened in load(&fixture, "after", 40).await {
        assert_eq!(opened.kind, "lock.opened.v1", "{opened:?}");
    }
    let cost = cost_since(&fixture, "clock wrong by 600 s, unseen", wrong_since).await;
    assert_eq!((cost.rejected, cost.opened), (1, 40));
    nothing_counted(&fixture).await;
}

#[tokio::test]
async fn a_rehearsal_with_a_wrong_clock_counts_as_little() {
    let mut setup = Setup::new().await;
    setup.settings.set_integration("mode", "rehearse");
    setup.settings.set_integration("rehearse_with", "probe");
    let fixture = Fixture::new(setup, 1).await;
    assert_eq!(fixture.open("before", BOOKING).await.kind, "rehearsal.lock.opened.v1");
    let offset = Some(json!({"offset_seconds": 600}));
    fixture.setup.simulator.control(Method::PUT, "clock", offset).await;
    is_corrected(&fixture.open("wrong", BOOKING).await, "the clock offset is corrected");
    assert_eq!(fixture.open("after", BOOKING).await.kind, "rehearsal.lock.opened.v1");
    nothing_counted(&fixture).await;
}

#[tokio::test]
async fn tokens_that_are_revoked_twice_under_load_fail_no_request() {
    let fixture = fixture(Setup::new().await).await;
    let revoked_at = Utc::now();
    for round in ["first", "second"] {
        fixture.setup.simulator.revoke_tokens().await;
        for opened in load(&fixture, round, 20).await {
            assert_eq!(opened.kind, "lock.opened.v1", "{opened:?}");
        }
    }
    let cost = cost_since(&fixture, "token revoked twice", revoked_at).await;
    assert_eq!((cost.rejected, cost.opened), (0, 40));
    nothing_counted(&fixture).await;
}

async fn open_times_read(simulator: &Simulator) -> u64 {
    simulator.counters().await["calls"]["lock_settings"].as_u64().unwrap_or_default()
}

/// A command whose outcome is unknown may be repeated only where that prolongs the same opening.
#[tokio::test]
async fn a_lock_that_closes_sooner_than_the_resend_window_is_not_opened_again() {
    let fixture = fixture(Setup::new().await).await;
    let simulator = &fixture.setup.simulator;
    let dropped = json!({"kind": "reset", "call": "open", "times": 1});
    simulator.add_fault(dropped.clone()).await;
    assert_eq!(fixture.open("five seconds", BOOKING).await.data["attempts"], 2);

    let short = Some(json!({"open_seconds": 2}));
    simulator.control(Method::PATCH, &format!("locks/{ROOM_12}"), short).await;
    // Workers that start now read the open time beside their first command.
    let before = open_times_read(simulator).await;
    let worker = fixture.setup.worker("new").start().await;
    for worker in &fixture.workers {
        worker.stop(SOON).await;
    }
    assert_eq!(fixture.open("warm-up", BOOKING).await.kind, "lock.opened.v1");
    until_true("the open time to be read", SOON, || async {
        open_times_read(simulator).await > before
    })
    .await;
    simulator.add_fault(dropped).await;
    let failed = fixture.open("two seconds", BOOKING).await;
    let found = (failed.text("reason"), &failed.data["attempts"]);
    assert_eq!(found, ("outcome_unknown", &json!(1)));
    worker.stop(SOON).await;
}

#[tokio::test]
async fn doctor_warns_of_a_lock_that_closes_sooner_than_the_resend_window() {
    let setup = Setup::new().await;
    let finding = async || {
        let output = setup.postern(&["doctor", "--output", "json"]).await;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.lines().find(|line| line.contains("mapping.open_time")).map(str::to_owned)
    };
    assert_eq!(finding().await, None);
    let short = Some(json!({"open_seconds": 4}));
    setup.simulator.control(Method::PATCH, &format!("locks/{ROOM_12}"), short).await;
    let warning = finding().await.expect("a finding");
    assert!(warning.contains("\"level\":\"warning\""), "{warning}");
    assert!(warning.contains(&format!("{ROOM_12} (4 s)")), "{warning}");
}
