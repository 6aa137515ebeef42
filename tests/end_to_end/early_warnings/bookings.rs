//! Bookings at risk: each reason once, and its end once.

use super::fixture::{booking, fixture, one_more_check, reasons, risks, wait_for_risk};
use end_to_end::inbound::time;
use end_to_end::setup::Setup;
use end_to_end::simulator::{IQ_FIRST_FLOOR, IQ_GROUND_FLOOR, ROOM_12};
use reqwest::Method;
use serde_json::{Value, json};

/// The lock of a room, as [`Settings`](end_to_end::settings::Settings) maps it.
fn lock_of(room: u32) -> String {
    format!("10c00000-0000-4000-8000-{room:012x}")
}

#[tokio::test]
async fn each_reason_at_a_door_is_told_once_and_so_is_its_end() {
    let setup = Setup::unactivated().await;
    setup.activate(IQ_GROUND_FLOOR).await;
    let fixture = fixture(setup).await;
    let simulator = &fixture.setup.simulator;
    for object in ["room-nowhere", "room-12", "room-13", "room-1"] {
        fixture.store_status(&booking(object)).await;
    }
    wait_for_risk(&fixture, "room-nowhere", &["lock_not_found"]).await;
    wait_for_risk(&fixture, "room-13", &["iq_not_activated"]).await;

    let privacy = |on: bool| json!({"privacy_mode": on});
    simulator.control(Method::PATCH, &format!("locks/{ROOM_12}"), Some(privacy(true))).await;
    wait_for_risk(&fixture, "room-12", &["privacy_mode"]).await;
    let events = fixture.outbound.events();
    let event = events.iter().find(|it| it.subject == "room-12").expect("it was published");
    assert_eq!(event.routing_key, "booking.at-risk.acme-utrecht");
    assert_eq!(event.data["object_ids"], json!(["room-12"]));
    let door = &event.data["reasons"][0];
    assert_eq!((&door["lock_id"], &door["iq_id"]), (&json!(ROOM_12), &json!(IQ_GROUND_FLOOR)));
    simulator.control(Method::PATCH, &format!("locks/{ROOM_12}"), Some(privacy(false))).await;
    wait_for_risk(&fixture, "room-12", &[]).await;

    for (change, end, reason) in [
        (json!({"online": false}), json!({"online": true}), "iq_offline"),
        (
            json!({"restore_required": true}),
            json!({"restore_required": false}),
            "iq_reactivation_required",
        ),
    ] {
        simulator.change_iq(IQ_GROUND_FLOOR, change).await;
        wait_for_risk(&fixture, "room-1", &[reason]).await;
        simulator.change_iq(IQ_GROUND_FLOOR, end).await;
        wait_for_risk(&fixture, "room-1", &[]).await;
    }

    let locks = json!([
        {"id": ROOM_12, "online": true, "iq": {"id": IQ_GROUND_FLOOR}},
        {"id": lock_of(1), "online": false, "iq": {"id": IQ_GROUND_FLOOR}},
        {"id": lock_of(13), "online": true, "iq": {"id": IQ_FIRST_FLOOR}},
    ]);
    simulator.add_fault(answer("locks", &locks)).await;
    wait_for_risk(&fixture, "room-1", &["lock_offline"]).await;
    simulator.clear_faults().await;
    wait_for_risk(&fixture, "room-1", &[]).await;

    one_more_check(&fixture, 1).await;
    fixture.outbound.catch_up().await;
    assert_eq!(risks(&fixture, "room-nowhere"), [["lock_not_found"]]);
    assert_eq!(risks(&fixture, "room-13"), [["iq_not_activated"]]);
    assert_eq!(risks(&fixture, "room-1").len(), 6, "{:?}", risks(&fixture, "room-1"));
    let metrics = fixture.workers[0].metrics().await;
    let gauge = r#"postern_bookings_at_risk{integration="acme-utrecht"} 3"#;
    assert!(metrics.contains(gauge), "{metrics}");
    let notices = r#"postern_notices_published_total{type="booking.at-risk.v1"}"#;
    assert!(fixture.workers[0].metric(notices).await > Some(0.0), "{metrics}");
}

/// A fault by which a call is answered with this body.
pub(super) fn answer(call: &str, body: &Value) -> Value {
    json!({
        "kind": "status", "status": 200, "call": call, "body": body.to_string(),
        "content_type": "application/json",
    })
}

#[tokio::test]
async fn rejected_passwords_and_a_block_put_the_bookings_behind_the_iq_at_risk() {
    let fixture = fixture(Setup::new().await).await;
    let simulator = &fixture.setup.simulator;
    fixture.store_status(&booking("room-12")).await;
    fixture.store_status(&booking("room-13")).await;
    simulator.change_settings(json!({"otp_failures": 100})).await;
    simulator.change_iq(IQ_GROUND_FLOOR, json!({"secret": "RotatedByAnApp01"})).await;
    for number in 0..3 {
        fixture.open(&format!("wrong-{number}"), "room-12").await;
    }
    wait_for_risk(&fixture, "room-12", &["otp_invalid"]).await;
    simulator.change_iq(IQ_GROUND_FLOOR, json!({"secret": "GroundFloorIq001"})).await;
    assert_eq!(fixture.open("right", "room-12").await.kind, "lock.opened.v1");
    wait_for_risk(&fixture, "room-12", &[]).await;

    let blocked = json!({"kind": "status", "status": 403, "error_code": "3102", "message": "otp_blocked", "call": "open", "times": 1});
    simulator.add_fault(blocked).await;
    assert_eq!(fixture.open("blocked", "room-13").await.text("reason"), "otp_blocked");
    wait_for_risk(&fixture, "room-13", &["otp_blocked"]).await;
    assert_eq!(risks(&fixture, "room-12"), [vec!["otp_invalid"], vec![]]);
}

#[tokio::test]
async fn a_booking_that_opens_no_door_now_is_not_at_risk() {
    let mut setup = Setup::new().await;
    setup.settings.set_integration("warn_before", "30m");
    let fixture = fixture(setup).await;
    let mut cancelled = booking("cancelled");
    cancelled["data"]["status"] = "cancelled".into();
    let mut late = booking("late");
    late["data"]["starts_at"] = time(2_400).into();
    let mut over = booking("over");
    over["data"]["starts_at"] = time(-600).into();
    for status in [&cancelled, &late, &over] {
        fixture.store_status(status).await;
    }
    one_more_check(&fixture, 1).await;
    let mut moved = booking("late");
    moved["data"]["object_ids"] = json!(["late", "room-12", "late-too"]);
    fixture.store_status(&moved).await;
    wait_for_risk(&fixture, "late", &["no_lock_mapped", "no_lock_mapped"]).await;
    // What was told stays told: the booking is confirmed again with the same reasons.
    let mut back = booking("late");
    back["data"]["object_ids"] = json!(["late-too", "room-12", "late"]);
    for status in ["cancelled", "paid"] {
        back["data"]["status"] = status.into();
        back["time"] = time(0).into();
        back["id"] = uuid::Uuid::new_v4().to_string().into();
        fixture.store_status(&back).await;
        one_more_check(&fixture, if status == "paid" { 3 } else { 2 }).await;
    }
    fixture.outbound.catch_up().await;
    assert_eq!(risks(&fixture, "late").len(), 1);
    for id in ["cancelled", "over"] {
        assert_eq!(risks(&fixture, id), Vec::<Vec<String>>::new(), "{id}");
    }
}

#[tokio::test]
async fn a_shared_door_counts_and_without_the_setting_nothing_is_told() {
    let mut setup = Setup::new().await;
    let doors: toml::Table = r#""entrance" = ["room-12"]"#.parse().expect("a table");
    setup.settings.set_integration("shared_doors", doors.clone());
    let fixture = fixture(setup).await;
    fixture.store_status(&booking("room-12")).await;
    wait_for_risk(&fixture, "room-12", &["no_lock_mapped"]).await;
    let event = fixture.outbound.one_of(super::fixture::AT_RISK, end_to_end::deadline::SOON).await;
    assert_eq!(event.data["reasons"][0]["object_id"], "entrance");
    assert_eq!(reasons(&event.data).len(), 1);

    let mut setup = Setup::new().await;
    setup.settings.set_integration("warn_before", "0s");
    let silent = self::fixture(setup).await;
    silent.store_status(&booking("unmapped")).await;
    silent.setup.simulator.add_fault(answer("me", &json!({"blocked": true}))).await;
    // The state of the integration is told all the same.
    super::fixture::wait_for_state(&silent, "acme-utrecht", "user_blocked").await;
    assert_eq!(risks(&silent, "unmapped"), Vec::<Vec<String>>::new());
}
