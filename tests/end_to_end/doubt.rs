//! An unanswered command may have opened the door: how often it is repeated, and the answer to its request.

use end_to_end::deadline::SOON;
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::open_request;
use end_to_end::setup::Setup;
use end_to_end::simulator::ROOM_12;
use serde_json::json;

fn lock_of(room: u32) -> String {
    format!("10c00000-0000-4000-8000-{room:012x}")
}

#[tokio::test]
async fn an_unanswered_command_is_repeated_three_times_at_most_and_its_outcome_stays_unknown() {
    let mut setup = Setup::new().await;
    setup.settings.set("opening.command_timeout", "1s");
    setup.settings.set("opening.resend_window", "20s");
    let fixture = Fixture::new(setup, 2).await;
    // The fault, how often it occurs, whether the door opens nevertheless, and the expected answer and number of
    // commands.
    let cases = [
        (1, json!({"kind": "opened_then_dropped"}), true, "outcome_unknown", 3),
        (2, json!({"kind": "reset"}), false, "outcome_unknown", 3),
        (3, json!({"kind": "no_answer", "carried_out": true}), true, "outcome_unknown", 3),
        (
            4,
            json!({"kind": "status", "status": 500, "carried_out": true}),
            true,
            "outcome_unknown",
            3,
        ),
        (5, json!({"kind": "status", "status": 502}), false, "outcome_unknown", 3),
        (6, json!({"kind": "status", "status": 504}), false, "outcome_unknown", 3),
        (7, json!({"kind": "opened_then_dropped", "times": 1}), true, "", 2),
        (8, json!({"kind": "half_answer"}), true, "", 1),
    ];
    for (room, fault, ..) in &cases {
        fixture.store_booking(&format!("room-{room}")).await;
        let mut fault = fault.clone();
        fault["call"] = "open".into();
        fault["lock"] = lock_of(*room).into();
        fixture.setup.simulator.add_fault(fault).await;
    }
    for (room, ..) in &cases {
        let booking = format!("room-{room}");
        fixture.bus.open_request(&open_request(&booking, &booking)).await;
    }
    for (room, fault, opens, reason, attempts) in &cases {
        let answer = fixture.outbound.terminal(&format!("room-{room}"), SOON * 2).await;
        let kind = if reason.is_empty() { "lock.opened.v1" } else { "lock.open-failed.v1" };
        assert_eq!((&*answer.kind, answer.text("reason")), (kind, *reason), "{fault}");
        assert_eq!(answer.data["attempts"], *attempts, "{fault}");
        let lock = lock_of(*room);
        let at = |it: &Option<String>| it.as_deref() == Some(&*lock);
        let commands = fixture.setup.simulator.commands().await;
        assert_eq!(commands.iter().filter(|it| at(&it.lock_id)).count(), *attempts, "{fault}");
        let openings = fixture.setup.simulator.openings().await;
        let openings = openings.iter().filter(|it| it.lock_id == lock).count();
        assert_eq!(openings, if *opens { *attempts } else { 0 }, "{fault}");
    }
    fixture.wait_until_settled("open-requests", 8).await;
    assert_eq!(fixture.bus.dead_letters().await.len(), 6);
}

#[tokio::test]
async fn without_a_resend_window_an_unanswered_command_is_not_repeated() {
    let mut setup = Setup::new().await;
    setup.settings.set("opening.resend_window", "0s");
    let fixture = Fixture::new(setup, 1).await;
    let fault = json!({"kind": "opened_then_dropped", "call": "open", "times": 1});
    fixture.setup.simulator.add_fault(fault).await;
    let failed = fixture.open("R-1", BOOKING).await;
    assert_eq!(failed.text("reason"), "outcome_unknown");
    assert_eq!(failed.text("class"), "temporary");
    assert_eq!((&failed.data["attempts"], failed.text("lock_id")), (&json!(1), ROOM_12));

    // A second request is another action with its own commands.
    assert_eq!(fixture.open("R-2", BOOKING).await.kind, "lock.opened.v1");
    assert_eq!(fixture.setup.simulator.commands().await.len(), 2);
    let letters = fixture.bus.dead_letters().await;
    assert_eq!(letters.len(), 1);
    assert_eq!(
        (letters[0].reason(), letters[0].header("postern-attempts")),
        ("outcome_unknown".into(), "1".into())
    );
}

#[tokio::test]
async fn after_a_refused_repetition_the_outcome_stays_unknown() {
    let mut setup = Setup::new().await;
    setup.settings.set("opening.resend_window", "20s");
    let fixture = Fixture::new(setup, 1).await;
    let simulator = &fixture.setup.simulator;
    simulator.add_fault(json!({"kind": "opened_then_dropped", "call": "open", "times": 1})).await;
    let fault = json!({"kind": "status", "status": 400, "error_code": "3102", "message": "otp_invalid", "call": "open"});
    simulator.add_fault(fault).await;
    let failed = fixture.open("R-1", BOOKING).await;
    assert_eq!(failed.text("reason"), "outcome_unknown", "{failed:?}");
    assert_eq!(failed.data["attempts"], 2);
    assert_eq!(simulator.commands().await.len(), 2);
}
